import { parseHeaderValue } from './media-type.ts';
import { Members } from './members.ts';
import { carriageReturn, lineEnd, lineFeed, type PartHead, readHead } from './part-head.ts';
import { decodeLossy, decodeText } from './text.ts';

/** One part of a multipart body. */
export interface Part extends PartHead {
  bytes: Uint8Array;
}

const dash = 0x2d;
/** By RFC 2046. */
const maxBoundary = 256;

const encoder = new TextEncoder();

/**
 * The boundary of a multipart body: its first line, which the signature covers. The Content-Type's boundary is used only
 * for a body that begins with something else. Undefined if there is neither.
 */
export function boundaryOf(body: Uint8Array, contentType: string | undefined): string | undefined {
  const start = lineStart(body);
  const declared = contentType && parseHeaderValue(contentType).parameters.get('boundary');
  if (body[start] === dash && body[start + 1] === dash) {
    const end = lineEnd(body, start);
    if (end - start > maxBoundary) return undefined;
    const line = decodeLossy(body.subarray(start + 2, end), undefined).trimEnd();
    // The first delimiter is the last: a form without fields.
    if (declared && line === `${declared}--`) return declared;
    return line === '' ? undefined : line;
  }
  return declared && declared.length <= maxBoundary ? declared : undefined;
}

/**
 * The parts of a multipart/form-data body (RFC 7578), one by one, in one pass. The generator returns whether the
 * body ended correctly; it stops at the first error.
 *
 * @param headBytes the limit for the headers of all parts together
 */
export function* readParts(
  body: Uint8Array,
  boundary: string,
  headBytes = Number.POSITIVE_INFINITY,
): Generator<Part, boolean> {
  let left = headBytes;
  const mark = encoder.encode(`--${boundary}`);
  let delimiter = findDelimiter(body, 0, mark);
  while (delimiter && !delimiter.closes) {
    const head = readHead(body, delimiter.end);
    if (!head) return false;
    left -= head.end - delimiter.end;
    if (left < 0) return false;
    const next = findDelimiter(body, head.end, mark);
    if (!next) return false;
    const bytes = body.subarray(head.end, contentEnd(body, head.end, next.start));
    yield { ...head.told, bytes };
    delimiter = next;
  }
  return delimiter !== undefined;
}

/**
 * A body as members of a JSON object; undefined if it is cut, or not a multipart body.
 *
 * @param charset for fields whose charset the body does not give
 */
export function multipartMembers(
  body: Uint8Array,
  boundary: string,
  charset?: string,
): Members | undefined {
  const parts: Part[] = [];
  const reading = readParts(body, boundary);
  let step = reading.next();
  for (; !step.done; step = reading.next()) parts.push(step.value);
  if (!step.value) return undefined;
  const members = new Members();
  const charsetFor = declaredCharsets(parts, charset);
  for (const part of parts) members.add(part.name, JSON.stringify(partValue(part, charsetFor)));
  return members;
}

/** A field is its text. A file, or a part that is not text, is its description. */
function partValue(
  { name, fileName, type, bytes }: Part,
  charsetFor: (name: string) => string | undefined = () => undefined,
): unknown {
  const file = { name: fileName ?? null, type: type ?? null, size: bytes.byteLength };
  if (fileName !== undefined) return file;
  const header = type === undefined ? undefined : parseHeaderValue(type);
  const charset = header?.parameters.get('charset') ?? charsetFor(name);
  const decoding = decodeText(bytes, charset);
  if (decoding.ok) return decoding.text;
  return header && !header.value.startsWith('text/') ? file : decodeLossy(bytes, charset);
}

/**
 * Charsets that a form gives for its fields: SendGrid's `charsets`, a JSON object by name, and HTML's `_charset_`,
 * for all (RFC 7578, section 4.6).
 */
function declaredCharsets(
  parts: readonly Part[],
  otherwise: string | undefined,
): (name: string) => string | undefined {
  const text = (name: string) => {
    const part = parts.find((one) => one.name === name && one.fileName === undefined);
    return part && decodeLossy(part.bytes, undefined);
  };
  const common = text('_charset_') ?? otherwise;
  const own = parseObject(text('charsets'));
  return (name) => {
    const charset = Object.hasOwn(own, name) ? own[name] : undefined;
    return typeof charset === 'string' ? charset : common;
  };
}

function parseObject(text = ''): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

interface Delimiter {
  /** Its first byte, at the beginning of a line. */
  start: number;
  /** The index after its line. */
  end: number;
  closes: boolean;
}

/** Looks only at the beginnings of lines: it reads each byte at most twice, whatever they are. */
function findDelimiter(body: Uint8Array, from: number, mark: Uint8Array): Delimiter | undefined {
  const { length } = body;
  for (let start = from; start < length; ) {
    // Inlined: a call for each of millions of lines would cost more than everything else.
    if (body[start] === dash && body[start + 1] === dash && isAt(body, start, mark)) {
      const delimiter = delimiterAt(body, start, mark);
      if (delimiter) return delimiter;
    }
    while (start < length && body[start] !== lineFeed) start++;
    start++;
  }
  return undefined;
}

/** Undefined if its line has more than the mark. */
function delimiterAt(body: Uint8Array, start: number, mark: Uint8Array): Delimiter | undefined {
  const behind = start + mark.length;
  const closes = body[behind] === dash && body[behind + 1] === dash;
  const end = lineEnd(body, start);
  if (!isBlank(body, closes ? behind + 2 : behind, end)) return undefined;
  // The other delimiters include a line end: without it the body is cut.
  return closes || end < body.length ? { start, end: end + 1, closes } : undefined;
}

function isAt(body: Uint8Array, start: number, mark: Uint8Array): boolean {
  for (let at = 0; at < mark.length; at++) if (body[start + at] !== mark[at]) return false;
  return true;
}

function isBlank(body: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false;
  }
  return true;
}

/** The index after the line ends that some clients send before the first boundary. */
function lineStart(body: Uint8Array): number {
  let at = 0;
  while (body[at] === carriageReturn || body[at] === lineFeed) at++;
  return at;
}

/** The line end before a delimiter belongs to it. */
function contentEnd(body: Uint8Array, start: number, delimiter: number): number {
  let end = delimiter;
  if (end > start && body[end - 1] === lineFeed) end--;
  if (end > start && body[end - 1] === carriageReturn) end--;
  return end;
}
