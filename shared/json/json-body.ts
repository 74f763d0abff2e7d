import type { SentBody } from '../formats/body-formats.ts';
import { charsetOf } from '../formats/media-type.ts';
import { decodeUnmarked } from '../formats/text.ts';
import { findValues, type JsonPath } from './json-path.ts';
import { skipSpace } from './json-scan.ts';
import { isJson, textStart } from './json-valid.ts';

export type JsonTextReading =
  /** `whole` says that all of it was read, and is JSON. */
  | { ok: true; text: string; whole: boolean }
  /** `empty`, `not JSON`, or which text it is not. */
  | { ok: false; problem: string };

/**
 * How much of a body is read before the rest is looked at. A smaller body is read whole: to parse it
 * costs less than its signature did, and who sends no JSON is told so at once.
 */
const prefixBytes = 64 * 1024;

// fatal: a body that is not UTF-8 must not arrive with U+FFFD in the place of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The whole body as text, if it is JSON (RFC 8259; byte order marks before it are dropped). JSON is UTF-8: the
 * charset that a Content-Type declares is asked only where the body is not.
 */
export function readJsonText(body: Uint8Array, contentType?: string): JsonTextReading {
  return readWhole({ body, contentType });
}

/** The Content-Type is asked last: to read a header costs, and of most deliveries it is not needed. */
function readWhole(sent: SentBody): JsonTextReading {
  const { body } = sent;
  if (body.byteLength === 0) return { ok: false, problem: 'empty' };
  const start = textStart(body);
  const bytes = start === 0 ? body : body.subarray(start);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return readDeclared(sent);
  }
  return isJson(bytes) ? { ok: true, text, whole: true } : { ok: false, problem: 'not JSON' };
}

function readDeclared({ body, contentType }: SentBody): JsonTextReading {
  const decoding = decodeUnmarked(body, charsetOf(contentType));
  if (!decoding.ok) return decoding;
  const isWhole = isJson(encoder.encode(decoding.text));
  return isWhole
    ? { ok: true, text: decoding.text, whole: true }
    : { ok: false, problem: 'not JSON' };
}

/**
 * The body's beginning, where the body is large and its first 64 KiB tell all `needs`; else the whole.
 * What stands behind is not looked at, so a body that breaks off there is the subscriber's to refuse.
 */
export function readJsonStart(sent: SentBody, needs: readonly JsonPath[]): JsonTextReading {
  const { body } = sent;
  if (body.byteLength > prefixBytes) {
    const text = decodePrefix(body);
    if (text?.[skipSpace(text, 0)] === '{' && needs.every((path) => tells(text, path))) {
      return { ok: true, text, whole: false };
    }
  }
  return readWhole(sent);
}

/** The whole value is never told by a part of it. */
function tells(text: string, path: JsonPath): boolean {
  return path.length > 0 && findValues(text, path) !== undefined;
}

function decodePrefix(body: Uint8Array): string | undefined {
  try {
    // stream: the last character may be cut in two.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(body.subarray(textStart(body), prefixBytes), { stream: true });
  } catch {
    return undefined;
  }
}
