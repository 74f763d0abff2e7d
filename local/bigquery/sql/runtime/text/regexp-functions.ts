import { RE2JS } from 're2js';
import { define, type RuntimeFunction } from '../define.ts';

const known = new Map<string, RE2JS>();

function compile(pattern: string): RE2JS {
  const found = known.get(pattern);
  if (found !== undefined) return found;
  let made: RE2JS;
  try {
    made = RE2JS.compile(pattern);
  } catch (cause) {
    throw new Error(`Cannot parse regular expression: ${(cause as Error).message}`, { cause });
  }
  if (known.size > 500) known.clear();
  known.set(pattern, made);
  return made;
}

interface Match {
  start: number;
  end: number;
  /** The capturing group if the pattern has one, else the whole match; null if the group took no part. */
  text: string | null;
}

/** All matches from an offset in UTF-16 units. Throws if the pattern has several groups. */
function* matches(text: string, pattern: string, from: number): Generator<Match> {
  const re = compile(pattern);
  const groups = re.groupCount();
  if (groups > 1)
    throw new Error(`Regular expression has more than one capturing group: ${pattern}`);
  const matcher = re.matcher(text);
  for (let at = from; at <= text.length; ) {
    if (!matcher.find(at)) return;
    const [start, end] = [matcher.start(), matcher.end()];
    // An empty match at the end of a text counts only for an empty text.
    if (end === start && start === text.length && text !== '') return;
    yield { start, end, text: matcher.group(groups) ?? null };
    at = end > start ? end : end + 1;
  }
}

/** The UTF-16 offset of a 1-based position in characters, or undefined beyond the end. */
function offsetOf(text: string, position: bigint): number | undefined {
  if (position < 1n) throw new Error('The position must be positive');
  let offset = 0;
  let left = position - 1n;
  for (const char of text) {
    if (left-- === 0n) return offset;
    offset += char.length;
  }
  return left === 0n ? offset : undefined;
}

function nth(
  text: string,
  pattern: string,
  position: bigint,
  occurrence: bigint,
): Match | undefined {
  if (occurrence < 1n) throw new Error('The occurrence must be positive');
  const from = offsetOf(text, position);
  compile(pattern);
  if (from === undefined) return undefined;
  let left = occurrence;
  for (const match of matches(text, pattern, from)) if (--left === 0n) return match;
  return undefined;
}

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const ofLatin = (text: string) => Buffer.from(text, 'latin1');

/** `\1` is a group, `\\` a backslash, every other escape an error. */
function rewrite(text: string, pattern: string, replacement: string): string {
  const re = compile(pattern);
  const parts = [...replacement.matchAll(/\\(\d)|\\\\|\\[\s\S]?|[^\\]+/g)].map(([part, group]) => {
    if (group !== undefined && Number(group) > re.groupCount()) {
      throw new Error(
        `Invalid REGEXP_REPLACE pattern: group ${group} is not in the regular expression`,
      );
    }
    if (group === undefined && part.startsWith('\\') && part !== '\\\\') {
      throw new Error(`Invalid REGEXP_REPLACE pattern: ${replacement}`);
    }
    return group === undefined ? (part === '\\\\' ? '\\' : part) : Number(group);
  });
  const matcher = re.matcher(text);
  let result = '';
  let last = 0;
  for (let at = 0; at <= text.length && matcher.find(at); ) {
    const [start, end] = [matcher.start(), matcher.end()];
    // No empty match follows another match at once.
    if (start === end && start === last && last > 0) {
      at = end + 1;
      continue;
    }
    result += text.slice(last, start);
    result += parts
      .map((part) => (typeof part === 'number' ? (matcher.group(part) ?? '') : part))
      .join('');
    last = end;
    at = end > start ? end : end + 1;
  }
  return result + text.slice(last);
}

/** The pattern of LIKE as a regular expression for the whole text. */
function likePattern(pattern: string): string {
  const parts = pattern.replace(/\\([\s\S]?)|[%_]|[^\\%_]+/g, (part, escaped?: string) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    if (part === '\\') throw new Error('LIKE pattern ends with a backslash');
    return (escaped ?? part).replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
  });
  return `(?s)${parts}`;
}

function instr(
  text: string,
  pattern: string,
  position: bigint,
  occurrence: bigint,
  end: bigint,
): bigint {
  if (text === '' || pattern === '') return 0n;
  if (end !== 0n && end !== 1n) throw new Error('Invalid return_position_after_match.');
  const match = nth(text, pattern, position, occurrence);
  if (match === undefined) return 0n;
  const at = match.text === null ? match.start : text.indexOf(match.text, match.start);
  const offset = end === 1n ? at + (match.text ?? '').length : at;
  return BigInt([...text.slice(0, offset)].length + 1);
}

export const regexpFunctions: RuntimeFunction[] = [
  define('regexp_contains', ['string', 'string'], 'bool', (text, pattern) =>
    compile(pattern).matcher(text).find(),
  ),
  define('regexp_contains_bytes', ['bytes', 'bytes'], 'bool', (text, pattern) =>
    compile(latin(pattern)).matcher(latin(text)).find(),
  ),
  define(
    'regexp_extract',
    ['string', 'string', 'int', 'int'],
    'string',
    (text, pattern, position, occurrence) => nth(text, pattern, position, occurrence)?.text ?? null,
  ),
  define(
    'regexp_extract_bytes',
    ['bytes', 'bytes', 'int', 'int'],
    'bytes',
    (text, pattern, position, occurrence) => {
      const found = nth(latin(text), latin(pattern), position, occurrence)?.text;
      return found == null ? null : ofLatin(found);
    },
  ),
  define('regexp_extract_all', ['string', 'string'], 'strings', (text, pattern) =>
    [...matches(text, pattern, 0)].map((match) => match.text ?? ''),
  ),
  define('regexp_extract_all_bytes', ['bytes', 'bytes'], 'bytesList', (text, pattern) =>
    [...matches(latin(text), latin(pattern), 0)].map((match) => ofLatin(match.text ?? '')),
  ),
  define('regexp_instr', ['string', 'string', 'int', 'int', 'int'], 'int', instr),
  define(
    'regexp_instr_bytes',
    ['bytes', 'bytes', 'int', 'int', 'int'],
    'int',
    (text, pattern, position, occurrence, end) =>
      instr(latin(text), latin(pattern), position, occurrence, end),
  ),
  define('like_bytes', ['bytes', 'bytes'], 'bool', (text, pattern) =>
    compile(likePattern(latin(pattern)))
      .matcher(latin(text))
      .matches(),
  ),
  define('regexp_replace', ['string', 'string', 'string'], 'string', rewrite),
  define(
    'regexp_replace_bytes',
    ['bytes', 'bytes', 'bytes'],
    'bytes',
    (text, pattern, replacement) =>
      ofLatin(rewrite(latin(text), latin(pattern), latin(replacement))),
  ),
];
