import { findValues, type JsonPath } from './json-path.ts';
import { skipSpace } from './json-scan.ts';
import { isJson, textStart } from './json-valid.ts';

export type JsonTextReading =
  /** `whole` says that all of it was read, and is JSON. */
  | { ok: true; text: string; whole: boolean }
  | { ok: false; problem: 'empty' | 'not UTF-8' | 'not JSON' };

/**
 * How much of a body is read before the rest is looked at. A smaller body is read whole: to parse it
 * costs less than its signature did, and who sends no JSON is told so at once.
 */
const prefixBytes = 64 * 1024;

// fatal: a body that is not UTF-8 must not arrive with U+FFFD in the place of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The whole body as text, if it is JSON (RFC 8259; a byte order mark before it is dropped). */
export function readJsonText(body: Uint8Array): JsonTextReading {
  if (body.byteLength === 0) return { ok: false, problem: 'empty' };
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { ok: false, problem: 'not UTF-8' };
  }
  const isWhole = isJson(body.subarray(textStart(body)));
  return isWhole ? { ok: true, text, whole: true } : { ok: false, problem: 'not JSON' };
}

/**
 * The body's beginning, where the body is large and its first 64 KiB tell all `needs`; else the whole.
 * What stands behind is not looked at, so a body that breaks off there is the subscriber's to refuse.
 */
export function readJsonStart(body: Uint8Array, needs: readonly JsonPath[]): JsonTextReading {
  if (body.byteLength > prefixBytes) {
    const text = decodePrefix(body);
    if (text?.[skipSpace(text, 0)] === '{' && needs.every((path) => tells(text, path))) {
      return { ok: true, text, whole: false };
    }
  }
  return readJsonText(body);
}

/** The whole value is never told by a part of it. */
function tells(text: string, path: JsonPath): boolean {
  return path.length > 0 && findValues(text, path) !== undefined;
}

function decodePrefix(body: Uint8Array): string | undefined {
  try {
    // stream: the last character may be cut in two.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
    return decoder.decode(body.subarray(0, prefixBytes), { stream: true });
  } catch {
    return undefined;
  }
}
