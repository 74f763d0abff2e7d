import type { Envelope } from '../../shared/envelope.ts';
import { inflateEnvelope } from '../../subscriber/rows/inflate-body.ts';

/** A larger body is cut when it is printed. */
const maxShownBytes = 64 * 1024;
const maxInflatedBytes = 8 * 1024 * 1024;

/** The body of a delivery, inflated if it can be. */
export function inflatedBody(envelope: Envelope): Uint8Array {
  const inflated = inflateEnvelope(envelope, maxInflatedBytes);
  return inflated.ok ? inflated.envelope.body : envelope.body;
}

/**
 * A body as text for a person; JSON on several lines. What a terminal would obey is still in it.
 *
 * @param more where the rest of a body is that is cut
 */
export function bodyText(body: Uint8Array, more: string): string {
  const shown = body.subarray(0, maxShownBytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: body.length <= maxShownBytes }).decode(shown);
  } catch {
    return `(not UTF-8; in base64) ${Buffer.from(shown).toString('base64')}`;
  }
  if (body.length > maxShownBytes) return `${text}\n… cut: ${more}`;
  return indented(text);
}

/** A number that JavaScript would round or write in another way. */
const inexactNumber = /\d{16}|\d[eE][+-]?\d|\.\d{14}/;

function indented(text: string): string {
  if (inexactNumber.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
