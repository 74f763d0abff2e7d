import { joinBytes } from '../../join-bytes.ts';
import { type Bytes, toBytes } from '../bytes.ts';
import type { SignedRequest } from '../request.ts';

/** What the sender may have signed, if something between it and the relay changed the body. */
export interface RewrittenBody {
  body: Bytes;
  mistake: string;
}

const reserialised = 'the body was re-serialised: what was signed is';

/** A larger body is not taken apart: its text would be copied a dozen times. */
const maxParsedBytes = 128 * 1024;
const maxInflatedBytes = 1024 * 1024;

export async function* rewrittenBodies({ body }: SignedRequest): AsyncGenerator<RewrittenBody> {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  if (isGzip) {
    const inflated = await inflate(body);
    if (inflated) yield { body: inflated, mistake: 'the body was signed before it was compressed' };
    return;
  }
  const text = textOf(body);
  if (text === undefined || body.length > maxParsedBytes) return;
  const seen = new Set([text]);
  for (const [rewritten, mistake] of texts(text)) {
    if (seen.has(rewritten)) continue;
    seen.add(rewritten);
    yield { body: toBytes(rewritten), mistake };
  }
}

/** What only the headers show: the coding that a body does not have. */
export function isDecompressed({ body, headers }: SignedRequest): boolean {
  return headers.get('content-encoding') === 'gzip' && !(body[0] === 0x1f && body[1] === 0x8b);
}

function* texts(text: string): Generator<[string, string]> {
  yield [text.replace(/\r?\n$/, ''), 'a line break was added at the end of the body'];
  yield [`${text}\n`, 'the line break at the end of the body was removed'];
  yield [`${text}\r\n`, 'the line break (CRLF) at the end of the body was removed'];
  yield [text.replaceAll('\r\n', '\n'), 'the line breaks of the body were changed to CRLF'];
  yield [text.replace(/\r?\n/g, '\r\n'), 'the line breaks of the body were changed from CRLF'];
  yield [text.replace(/^\ufeff/, ''), 'a byte order mark was added to the body'];
  yield [`\ufeff${text}`, 'the byte order mark of the body was removed'];
  yield [text.trim(), 'blanks were added around the body'];
  const value = parse(text);
  if (value !== undefined) {
    for (const [written, how] of writings(value, text)) {
      yield [written, `${reserialised} ${how}`];
      yield [`${written}\n`, `${reserialised} ${how}, and a line break`];
    }
  } else if (/^[^=&\s]+=/.test(text)) {
    yield [text.replaceAll('+', '%20'), `${reserialised} a form with %20 for a blank`];
    yield [text.replaceAll('%20', '+'), `${reserialised} a form with + for a blank`];
  }
  yield ['', 'an empty body was signed'];
}

/** The ways in which senders and frameworks write JSON. */
function* writings(value: unknown, text: string): Generator<[string, string]> {
  const compact = JSON.stringify(value);
  // As it stands, so that numbers keep their digits.
  const bare = spaced(text, ',', ':');
  const ascii = (json: string) => json.replace(/[\u007f-\uffff]/g, escapeUnit);
  yield [compact, 'compact JSON'];
  yield [bare, 'compact JSON'];
  yield [JSON.stringify(value, null, 2), 'JSON indented by two blanks'];
  yield [JSON.stringify(value, null, 4), 'JSON indented by four blanks'];
  yield [JSON.stringify(value, null, '\t'), 'JSON indented by tabs'];
  const python = spaced(bare, ', ', ': ');
  yield [ascii(python), "JSON as Python's json.dumps writes it"];
  yield [python, 'JSON with a blank after each comma and colon'];
  yield [ascii(compact), 'compact JSON with escaped letters'];
  yield [ascii(compact).replaceAll('/', '\\/'), "JSON as PHP's json_encode writes it"];
  yield [compact.replaceAll('/', '\\/'), 'compact JSON with escaped slashes'];
  yield [
    compact.replace(/[<>&\u2028\u2029]/g, escapeUnit),
    'JSON as Go writes it (<, > and & escaped)',
  ];
  yield [JSON.stringify(sorted(value)), 'compact JSON with sorted keys'];
}

const token = /"(?:[^"\\]|\\.)*"|\s+|[,:]/gs;

/** The same JSON with these separators, and no other blanks. */
function spaced(json: string, comma: string, colon: string): string {
  return json.replace(token, (found) => {
    if (found === ',') return comma;
    if (found === ':') return colon;
    return found.startsWith('"') ? found : '';
  });
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(body: Bytes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined if it is not gzip, or too large. */
async function inflate(body: Bytes): Promise<Bytes | undefined> {
  const reader = new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joinBytes(chunks, length);
      chunks.push(value);
      length += value.byteLength;
      if (length > maxInflatedBytes) return undefined;
    }
  } catch {
    return undefined;
  } finally {
    reader.cancel().catch(() => {});
  }
}
