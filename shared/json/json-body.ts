import type { SentBody } from '../formats/body-formats.ts';
import { charsetOf } from '../formats/media-type.ts';
import { decodeUnmarked } from '../formats/text.ts';
import { findValues, type JsonPath } from './json-path.ts';
import { skipSpace } from './json-scan.ts';
import { isJson, textStart } from './json-valid.ts';

export type JsonTextReading =
  /** `whole`: all of the body was read, and it is JSON. */
  | { ok: true; text: string; whole: boolean }
  /** `empty`, `not JSON`, or which text it is not. */
  | { ok: false; problem: string };

/**
 * How much of a large body is read first. A smaller body is read whole: parsing it costs less than its signature did, and
 * a sender of something that is not JSON is refused at once.
 */
const prefixBytes = 64 * 1024;

// fatal: a body that is not UTF-8 must not arrive with U+FFFD instead of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The whole body as text, if it is JSON (RFC 8259; byte order marks before it are dropped). JSON is UTF-8: the
 * charset that a Content-Type declares is used only where the body is not UTF-8.
 */
export function readJsonText(body: Uint8Array, contentType?: string): JsonTextReading {
  return readWhole({ body, contentType });
}

/** The Content-Type is read last: reading a header costs time, and most deliveries do not need it. */
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
 * The beginning of a large body, if its first 64 KiB contain all `needs`; else the whole body. The rest is not read, so
 * only the subscriber can refuse a body that is cut off there.
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

/** A path to the whole value needs the whole body. */
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
