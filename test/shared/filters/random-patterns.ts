/** Mulberry32: the same sequence for a seed on every machine, numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

const atoms = [
  'a',
  'b',
  'A',
  '_',
  '0',
  '.',
  '\\.',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\b',
  '\\B',
  '^',
  '$',
  '[ab]',
  '[^a]',
  '[a-c0-9]',
  '[^\\d_]',
  '[\\w.-]',
  'é',
  '🐎',
  '\\s',
  '\\S',
  '[^\\s]',
  '[\\Sa]',
];
const times = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{1,3}?'];

/** A pattern that JavaScript and RE2 both read, nested at most `depth` deep; JavaScript repeats no assertion. */
export function randomPattern(random: () => number, depth = 3): string {
  const branches = Array.from({ length: random() < 0.3 ? 2 : 1 }, () => {
    const parts = Array.from({ length: Math.floor(random() * 4) }, () => {
      const atom =
        depth > 0 && random() < 0.3
          ? `${pick(random, ['(', '(?:'])}${randomPattern(random, depth - 1)})`
          : pick(random, atoms);
      return atom + pick(random, times);
    });
    return parts.join('');
  });
  return branches.join('|');
}

const chars = [
  'a',
  'a',
  'b',
  'B',
  'A',
  'c',
  '_',
  '0',
  '9',
  '.',
  '-',
  ' ',
  '\n',
  'é',
  'É',
  '🐎',
  '\v',
  '\r',
  '\u2028',
  '\u00a0',
];

export function randomText(random: () => number): string {
  return Array.from({ length: Math.floor(random() * 10) }, () => pick(random, chars)).join('');
}
