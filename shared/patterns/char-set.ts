/** Code points from `first` to `last`, both included. */
export type Range = readonly [first: number, last: number];

export const lastCodePoint = 0x10_ffff;

/** Of ASCII alone, as in RE2; `\s` lacks the vertical tab. */
export const digits: readonly Range[] = [[0x30, 0x39]];
export const wordChars: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
export const spaces: readonly Range[] = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];

/** Nothing above it has an upper and a lower case (Unicode 16 ends with Adlam, U+1E900 to U+1E943). */
const lastCased = 0x1_e943;

/** A test of one code point. */
export type CharTest = (char: number) => boolean;

export interface ClassItems {
  /** Case counts only here: what was written as characters and ranges. */
  written: readonly Range[];
  /** `\d`, `\W` and the like, which say what they mean in any case. */
  named: readonly Range[];
  negated: boolean;
  ignoresCase: boolean;
}

export function charTest({ written, named, negated, ignoresCase }: ClassItems): CharTest {
  const [only] = written;
  if (only && written.length === 1 && named.length === 0 && !negated && !ignoresCase) {
    const [first, last] = only;
    return (char) => char >= first && char <= last;
  }
  const plain = normalise([...named, ...(ignoresCase ? [] : written)]);
  const folded = ignoresCase ? normalise(foldAll(written)) : [];
  const slow = (char: number) =>
    (holds(plain, char) || (folded.length > 0 && holds(folded, fold(char)))) !== negated;
  // Nearly every character of an event's name is ASCII: one look-up, once each was met.
  const ascii: boolean[] = [];
  return (char) => {
    if (char >= 128) return slow(char);
    ascii[char] ??= slow(char);
    return ascii[char];
  };
}

/** All code points that are in none of `ranges`. */
export function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [first, last] of normalise(ranges)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) gaps.push([next, lastCodePoint]);
  return gaps;
}

/** In order, without overlaps. */
function normalise(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function holds(ranges: readonly Range[], char: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined || char < range[0]) high = middle;
    else if (char > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

function foldAll(ranges: readonly Range[]): Range[] {
  const folded: Range[] = [];
  for (const [first, last] of ranges) {
    for (let char = first; char <= Math.min(last, lastCased); char++) {
      const folds = fold(char);
      folded.push([folds, folds]);
    }
    if (last > lastCased) folded.push([Math.max(first, lastCased + 1), last]);
  }
  return folded;
}

/**
 * One code point for all that differ in case alone (Unicode's simple case folding): k, K and the
 * Kelvin sign give k. What has no such form of one code point (ß in upper case is SS) stays itself.
 */
function fold(char: number): number {
  if (char < 128) return char >= 0x41 && char <= 0x5a ? char + 32 : char;
  // The dotless ı is written I in upper case, but it is another letter.
  if (char === 0x131) return char;
  return changed(changed(char, 'toUpperCase'), 'toLowerCase');
}

function changed(char: number, to: 'toUpperCase' | 'toLowerCase'): number {
  const text = String.fromCodePoint(char)[to]();
  const first = text.codePointAt(0) ?? char;
  return text.length === (first > 0xffff ? 2 : 1) ? first : char;
}
