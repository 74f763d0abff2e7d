import { define, type RuntimeFunction } from '../define.ts';

const LIMIT = 1_048_576;

function checkedLength(length: bigint): number {
  if (length < 0n) throw new Error('The length must not be negative');
  if (length > LIMIT) throw new Error(`The result would exceed ${LIMIT} characters`);
  return Number(length);
}

/** Position 0 is 1; a negative position counts from the end, and one before the start is 1. */
function slice<T>(items: readonly T[], position: bigint, length: bigint | null): readonly T[] {
  if (length !== null && length < 0n)
    throw new Error('Third argument in SUBSTR() cannot be negative');
  const size = BigInt(items.length);
  const from = position > 0n ? position - 1n : position < 0n ? size + position : 0n;
  const start = from < 0n ? 0n : from;
  const end = length === null || start + length > size ? size : start + length;
  return start >= size ? [] : items.slice(Number(start), Number(end));
}

function padded<T>(items: readonly T[], length: bigint, pattern: readonly T[], left: boolean): T[] {
  const size = checkedLength(length);
  if (pattern.length === 0) throw new Error('The pattern of LPAD and RPAD must not be empty');
  if (items.length >= size) return items.slice(0, size);
  const filling = Array.from(
    { length: size - items.length },
    (_, index) => pattern[index % pattern.length] as T,
  );
  return left ? [...filling, ...items] : [...items, ...filling];
}

function trim<T>(items: readonly T[], set: ReadonlySet<T>, sides: string): readonly T[] {
  let [start, end] = [0, items.length];
  if (sides.includes('l')) while (start < end && set.has(items[start] as T)) start += 1;
  if (sides.includes('r')) while (end > start && set.has(items[end - 1] as T)) end -= 1;
  return items.slice(start, end);
}

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const ofLatin = (text: string) => Buffer.from(text, 'latin1');
const chars = (text: string) => [...text];

function instr(text: string, part: string, position: bigint, occurrence: bigint): bigint {
  if (position === 0n) throw new Error('The position of INSTR must not be 0');
  if (occurrence < 1n) throw new Error('The occurrence of INSTR must be positive');
  const [whole, wanted] = [chars(text), chars(part)];
  const matches = (at: number) => wanted.every((char, index) => whole[at + index] === char);
  const forward = position > 0n;
  const last = whole.length - wanted.length;
  // An empty text is found behind the last character, too.
  const end = wanted.length === 0 ? whole.length + 1 : whole.length;
  let at = forward ? Number(position) - 1 : Math.min(end + Number(position), last);
  for (let left = occurrence; at >= 0 && at <= last; at += forward ? 1 : -1) {
    if (matches(at) && --left === 0n) return BigInt(at + 1);
  }
  return 0n;
}

function split(text: string, delimiter: string): string[] {
  if (text === '') return [''];
  return delimiter === '' ? chars(text) : text.split(delimiter);
}

function initcap(text: string, delimiters: string): string {
  const set = new Set(delimiters);
  let starts = true;
  return chars(text)
    .map((char) => {
      if (set.has(char)) {
        starts = true;
        return char;
      }
      const cased = starts ? upperOne(char) : lowerOne(char);
      starts = false;
      return cased;
    })
    .join('');
}

const SOUNDEX: Readonly<Record<string, string>> = Object.fromEntries(
  ['BFPV', 'CGJKQSXZ', 'DT', 'L', 'MN', 'R'].flatMap((letters, index) =>
    [...letters].map((letter) => [letter, String(index + 1)]),
  ),
);

function soundex(text: string): string {
  const letters = chars(text.toUpperCase()).filter((char) => /[A-Z]/.test(char));
  const [first] = letters;
  if (first === undefined) return '';
  let code = first;
  let last = SOUNDEX[first];
  for (const letter of letters.slice(1)) {
    const digit = SOUNDEX[letter];
    if (digit !== undefined && digit !== last) code += digit;
    if (letter !== 'H' && letter !== 'W') last = digit;
  }
  return code.slice(0, 4).padEnd(4, '0');
}

function translate(text: string, from: string, to: string): string {
  const [sources, targets] = [chars(from), chars(to)];
  const map = new Map<string, string>();
  sources.forEach((source, index) => {
    if (map.has(source))
      throw new Error(`TRANSLATE: the source characters have a duplicate: ${source}`);
    map.set(source, targets[index] ?? '');
  });
  return chars(text)
    .map((char) => map.get(char) ?? char)
    .join('');
}

/** The least number of edits, up to a limit. */
function editDistance(a: readonly string[], b: readonly string[], limit: bigint | null): bigint {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  const distance = BigInt(row.at(-1) ?? 0);
  return limit !== null && distance > limit ? limit : distance;
}

function form(mode: string): 'NFC' | 'NFD' | 'NFKC' | 'NFKD' {
  if (mode === 'NFC' || mode === 'NFD' || mode === 'NFKC' || mode === 'NFKD') return mode;
  throw new Error(`Invalid normalization mode: ${mode}`);
}

/** As CONTAINS_SUBSTR compares. */
export function foldedText(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

const SPACES: ReadonlySet<string> = new Set(
  ' \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

export const textFunctions: RuntimeFunction[] = [
  define('substr', ['string', 'int'], 'string', (text, position) =>
    slice(chars(text), position, null).join(''),
  ),
  define('substr_length', ['string', 'int', 'int'], 'string', (text, position, length) =>
    slice(chars(text), position, length).join(''),
  ),
  define('substr_bytes', ['bytes', 'int'], 'bytes', (bytes, position) =>
    Buffer.from(slice([...bytes], position, null)),
  ),
  define('substr_bytes_length', ['bytes', 'int', 'int'], 'bytes', (bytes, position, length) =>
    Buffer.from(slice([...bytes], position, length)),
  ),
  define('pad', ['string', 'int', 'string', 'bool'], 'string', (text, length, pattern, left) =>
    padded(chars(text), length, chars(pattern), left).join(''),
  ),
  define('pad_bytes', ['bytes', 'int', 'bytes', 'bool'], 'bytes', (bytes, length, pattern, left) =>
    Buffer.from(padded([...bytes], length, [...pattern], left)),
  ),
  define('trim', ['string', 'string', 'string'], 'string', (text, set, sides) =>
    trim(chars(text), new Set(set), sides).join(''),
  ),
  define('trim_space', ['string', 'string'], 'string', (text, sides) =>
    trim(chars(text), SPACES, sides).join(''),
  ),
  define('trim_bytes', ['bytes', 'bytes', 'string'], 'bytes', (bytes, set, sides) =>
    Buffer.from(trim([...bytes], new Set(set), sides)),
  ),
  define('left', ['string', 'int'], 'string', (text, length) =>
    chars(text).slice(0, checkedLength(length)).join(''),
  ),
  define('right', ['string', 'int'], 'string', (text, length) => {
    const size = checkedLength(length);
    return size === 0 ? '' : chars(text).slice(-size).join('');
  }),
  define('left_bytes', ['bytes', 'int'], 'bytes', (bytes, length) =>
    bytes.slice(0, checkedLength(length)),
  ),
  define('right_bytes', ['bytes', 'int'], 'bytes', (bytes, length) =>
    bytes.slice(Math.max(bytes.length - checkedLength(length), 0)),
  ),
  define('instr', ['string', 'string', 'int', 'int'], 'int', instr),
  define('instr_bytes', ['bytes', 'bytes', 'int', 'int'], 'int', (a, b, position, occurrence) =>
    instr(latin(a), latin(b), position, occurrence),
  ),
  define('split', ['string', 'string'], 'strings', split),
  define('split_bytes', ['bytes', 'bytes'], 'bytesList', (bytes, delimiter) =>
    split(latin(bytes), latin(delimiter)).map(ofLatin),
  ),
  define('replace', ['string', 'string', 'string'], 'string', (text, from, to) =>
    from === '' ? text : text.replaceAll(from, () => to),
  ),
  define('replace_bytes', ['bytes', 'bytes', 'bytes'], 'bytes', (bytes, from, to) =>
    from.length === 0 ? bytes : ofLatin(latin(bytes).replaceAll(latin(from), () => latin(to))),
  ),
  define('repeat', ['string', 'int'], 'string', (text, times) => {
    checkedLength(times < 0n ? times : times * BigInt(text.length));
    return text.repeat(Number(times));
  }),
  define('repeat_bytes', ['bytes', 'int'], 'bytes', (bytes, times) =>
    ofLatin(latin(bytes).repeat(checkedLength(times))),
  ),
  define('reverse', ['string'], 'string', (text) => chars(text).reverse().join('')),
  define('reverse_bytes', ['bytes'], 'bytes', (bytes) => Buffer.from(bytes).reverse()),
  define('initcap_words', ['string'], 'string', (text) =>
    initcap(text, ' \t\r\n\v\f[](){}/|<>!?@"^#$&~_,.:;*%+-'),
  ),
  define('initcap', ['string', 'string'], 'string', initcap),
  define('soundex', ['string'], 'string', soundex),
  define('translate', ['string', 'string', 'string'], 'string', translate),
  define('translate_bytes', ['bytes', 'bytes', 'bytes'], 'bytes', (bytes, from, to) =>
    ofLatin(translate(latin(bytes), latin(from), latin(to))),
  ),
  define('edit_distance', ['string', 'string'], 'int', (a, b) =>
    editDistance(chars(a), chars(b), null),
  ),
  define('edit_distance_limit', ['string', 'string', 'int'], 'int', (a, b, limit) => {
    if (limit < 0n) throw new Error('EDIT_DISTANCE: max_distance must not be negative');
    return editDistance(chars(a), chars(b), limit);
  }),
  define('edit_distance_bytes', ['bytes', 'bytes'], 'int', (a, b) =>
    editDistance(chars(latin(a)), chars(latin(b)), null),
  ),
  define('edit_distance_bytes_limit', ['bytes', 'bytes', 'int'], 'int', (a, b, limit) => {
    if (limit < 0n) throw new Error('EDIT_DISTANCE: max_distance must not be negative');
    return editDistance(chars(latin(a)), chars(latin(b)), limit);
  }),
  define('normalize', ['string', 'string'], 'string', (text, mode) => text.normalize(form(mode))),
  define('normalize_folded', ['string', 'string'], 'string', (text, mode) =>
    text.normalize(form(mode)).toLowerCase().replaceAll('ß', 'ss').normalize(form(mode)),
  ),
  define('contains_substr', ['string', 'string'], 'bool', (text, part) =>
    foldedText(text).includes(foldedText(part)),
  ),
  define('upper', ['string'], 'string', (text) => chars(text).map(upperOne).join('')),
  define('lower', ['string'], 'string', (text) => chars(text).map(lowerOne).join('')),
  define('case_bytes', ['bytes', 'bool'], 'bytes', (bytes, up) =>
    ofLatin(
      latin(bytes).replace(up ? /[a-z]+/g : /[A-Z]+/g, (found) =>
        up ? found.toUpperCase() : found.toLowerCase(),
      ),
    ),
  ),
  define('chr', ['int'], 'string', codePoint),
  define('unicode', ['string'], 'int', (text) => BigInt(text.codePointAt(0) ?? 0)),
  define('ascii', ['string'], 'int', (text) => {
    const code = text.codePointAt(0) ?? 0;
    if (code > 127) throw new Error('Non-ASCII character in ASCII()');
    return BigInt(code);
  }),
  define('to_code_points', ['string'], 'ints', (text) =>
    chars(text).map((char) => BigInt(char.codePointAt(0) ?? 0)),
  ),
  define('to_code_points_bytes', ['bytes'], 'ints', (bytes) => [...bytes].map(BigInt)),
  define('code_points_text', ['ints'], 'string', (codes) =>
    codes.includes(null) ? null : codes.map((code) => codePoint(code ?? 0n)).join(''),
  ),
  define('code_points_bytes', ['ints'], 'bytes', (codes) => {
    if (codes.includes(null)) return null;
    if (codes.some((code) => code === null || code < 0n || code > 255n)) {
      throw new Error('Invalid extended ASCII code points in CODE_POINTS_TO_BYTES');
    }
    return Buffer.from(codes.map(Number));
  }),
];

/** BigQuery maps single characters, so that lengths stay. */
function upperOne(char: string): string {
  const upper = char.toUpperCase();
  return [...upper].length === 1 ? upper : char;
}

function lowerOne(char: string): string {
  const lower = char.toLowerCase();
  return [...lower].length === 1 ? lower : char;
}

function codePoint(code: bigint): string {
  const value = Number(code);
  if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
    throw new Error(`Invalid codepoint ${code}`);
  }
  return String.fromCodePoint(value);
}
