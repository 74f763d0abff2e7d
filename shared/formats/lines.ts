import { readJsonText } from '../json/json-body.ts';
import { isJson } from '../json/json-valid.ts';
import { charsetOf } from './media-type.ts';
import type { BodyText, SentBody } from './sent-body.ts';
import { decodeUnmarked } from './text.ts';

const encoder = new TextEncoder();

/**
 * Lines of JSON as one array. Empty lines are none. A document that goes over several lines is one event, as a
 * sender makes it that has one and prints it so.
 */
export function readLines({ body, contentType }: SentBody): BodyText {
  const decoding = decodeUnmarked(body, charsetOf(contentType));
  if (!decoding.ok) return decoding;
  const lines: string[] = [];
  for (const [index, line] of decoding.text.split('\n').entries()) {
    const json = line.trim();
    if (json === '') continue;
    if (!isJson(encoder.encode(json))) {
      const whole = readJsonText(body, contentType);
      if (whole.ok) return { ok: true, text: `[${whole.text}]` };
      return { ok: false, problem: `not JSON in its line ${index + 1}` };
    }
    lines.push(json);
  }
  if (lines.length === 0) return { ok: false, problem: 'empty' };
  return { ok: true, text: `[${lines.join(',')}]` };
}
