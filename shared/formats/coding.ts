/** A content coding that the relay undoes. */
export type Coding = 'gzip' | 'deflate' | 'br';

const codings: Readonly<Record<string, Coding | undefined>> = {
  gzip: 'gzip',
  // RFC 9110, section 8.4.1.3.
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
};

/** Names that mean no coding, among them charsets that senders put here by mistake. */
const noCodings = new Set(['', 'identity', 'utf-8', 'utf8']);

/** Each is undone under the size limit, so a few codings cost at most a few times as much as one. */
const maxCodings = 3;

/**
 * The codings to undo, the last applied first. Undefined if one of them is unknown, or if there are too many.
 */
export function codingsOf(contentEncoding: string): readonly Coding[] | undefined {
  const names = contentEncoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !noCodings.has(name));
  if (names.length > maxCodings) return undefined;
  const known: Coding[] = [];
  for (const name of names.reverse()) {
    const coding = Object.hasOwn(codings, name) ? codings[name] : undefined;
    if (coding === undefined) return undefined;
    known.push(coding);
  }
  return known;
}

/**
 * `deflate` is the zlib format (RFC 9110, section 8.4.1.2); many senders use bare deflate data instead, which never
 * begin with a zlib header (RFC 1950, section 2.2).
 */
export function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}
