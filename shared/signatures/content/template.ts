import { type Bytes, toBytes } from '../bytes.ts';
import { crc32 } from './crc32.ts';
import { parseReference, type Readable, type Reference, readReference } from './reference.ts';

/** What a template may name besides the body and references. `crc32` is the body's checksum, in decimal digits. */
const facts = ['url', 'method', 'form.sorted', 'secret', 'crc32'] as const;

/** One part of a signed message. An optional reference is empty text if the delivery lacks it. */
type Part =
  | { text: string }
  | { is: (typeof facts)[number] }
  | { reference: Reference; optional: boolean };

/** The bytes that are signed: `before`, then the body as received if `body` is true, then `after`. */
export interface Template {
  before: readonly Part[];
  body: boolean;
  after: readonly Part[];
}

/** What a template is filled from. `body` is copied only if it must be. */
export interface Signable extends Readable {
  method: string;
  body: Bytes;
  /** The body as Twilio's sorted form. */
  form: () => string | undefined;
  /** What the receiver alone knows of the signed text: PayPal's id of the webhook. */
  secret?: string;
}

/** Whether the URL, or another fact, is part of what is signed. */
export function signs({ before, after }: Template, what: (typeof facts)[number]): boolean {
  const isIt = (part: Part) => 'is' in part && part.is === what;
  return before.some(isIt) || after.some(isIt);
}

/**
 * Reads a template such as `v0:{header:x-timestamp}:{body}`. The names: `{body}` (once at most),
 * `{url}`, `{method}`, `{form.sorted}`, `{secret}`, `{crc32}` and every reference, with `?` at its
 * end if it may be absent.
 *
 * @throws TypeError for any other name
 */
export function parseTemplate(text: string): Template {
  const before: Part[] = [];
  const after: Part[] = [];
  let body = false;
  // split() on one group gives literal text at even places and names at odd ones.
  for (const [place, piece] of text.split(/\{([^}]*)\}/).entries()) {
    if (place % 2 === 1 && piece === 'body') {
      if (body) throw new TypeError('holds {body} twice');
      body = true;
    } else if (place % 2 === 1 || piece !== '') {
      (body ? after : before).push(place % 2 === 1 ? parsePart(piece) : { text: piece });
    }
  }
  return { before, body, after };
}

function parsePart(name: string): Part {
  const fact = facts.find((known) => known === name);
  if (fact) return { is: fact };
  const optional = name.endsWith('?');
  return { reference: parseReference(optional ? name.slice(0, -1) : name), optional };
}

/**
 * The signed bytes, or undefined if a part is missing or unreadable. A template of only the body gives the body itself.
 * Any other costs one copy, because WebCrypto needs its input in one piece.
 */
export function render(template: Template, from: Signable): Bytes | undefined {
  const { before, body, after } = template;
  if (body && before.length === 0 && after.length === 0) return from.body;
  const head = renderParts(before, from);
  const tail = renderParts(after, from);
  if (head === undefined || tail === undefined) return undefined;
  if (!body) return toBytes(head + tail);
  const headBytes = toBytes(head);
  const tailBytes = toBytes(tail);
  const message = new Uint8Array(headBytes.length + from.body.length + tailBytes.length);
  message.set(headBytes);
  message.set(from.body, headBytes.length);
  message.set(tailBytes, headBytes.length + from.body.length);
  return message;
}

function renderParts(parts: readonly Part[], from: Signable): string | undefined {
  let text = '';
  for (const part of parts) {
    const piece = renderPart(part, from);
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

function renderPart(part: Part, from: Signable): string | undefined {
  if ('text' in part) return part.text;
  if ('reference' in part) {
    return readReference(part.reference, from) ?? (part.optional ? '' : undefined);
  }
  if (part.is === 'form.sorted') return from.form();
  return part.is === 'crc32' ? String(crc32(from.body)) : from[part.is];
}
