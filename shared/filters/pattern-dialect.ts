import regjsparser, { type RootNode } from 'regjsparser';

/** Why a pattern is refused, and at which UTF-16 unit of it. */
export interface PatternProblem {
  at: number;
  reason: string;
}

interface Features {
  namedGroups: true;
  lookbehind: true;
  unicodePropertyEscape: true;
}

export type Node = RootNode<Features>;

const features: Features = { namedGroups: true, lookbehind: true, unicodePropertyEscape: true };

/** RE2's own bound, for repetitions inside each other as well. */
const maxRepeat = 1000;

/** How deep repetitions are nested: deeper ones take the checker minutes. */
const maxNested = 4;

/** The nodes of a pattern in the dialect that RE2 and JavaScript read alike; `flags` stand before `body`. */
export function parsePattern(body: string, flags: string): Node | PatternProblem {
  const parsed = parseBody(body);
  if ('at' in parsed) return parsed;
  return foreignSyntax(parsed, { ignoresCase: flags.includes('i'), repeats: [] }) ?? parsed;
}

/** What RE2 reads and JavaScript does not; looked for when JavaScript's parser has refused a pattern. */
const re2Only: readonly [syntax: RegExp, reason: string][] = [
  [/\(\?P</, 'a named group is written (?<name>…)'],
  [
    /\(\?[a-zA-Z-]+[:)]/,
    'flags stand once, at the beginning of the pattern: (?i), (?s) or (?is); there are no others',
  ],
  [/\(\?(?![:<=!])/, 'there is no such group: there are (…), (?:…) and (?<name>…)'],
  [/\[\[?:\w+:\]/, 'there are no POSIX classes: write their characters, such as [A-Za-z]'],
  [/\\[Az]/, 'write ^ for the beginning and $ for the end'],
  [/\\x\{/, 'write the character itself'],
  [/\\[QE]/, 'write a backslash before each character instead'],
  [/\[\^?\](?=.*\])/, 'write \\] for a ] in a class'],
  [/[*+?}][*+{]/, 'put what is repeated twice in a group'],
];

function parseBody(body: string): Node | PatternProblem {
  try {
    return regjsparser.parse(body, 'u', features);
  } catch (error) {
    for (const [syntax, reason] of re2Only) {
      const at = body.search(syntax);
      if (at >= 0) return { at, reason };
    }
    const message = error instanceof Error ? error.message : '';
    const [, position] = / at position (\d+)/.exec(message) ?? [];
    if (position === undefined) {
      return { at: Math.max(0, body.lastIndexOf('[')), reason: 'this [ is never closed' };
    }
    return { at: Number(position), reason: misspelt(body, Number(position), message) };
  }
}

const misspellings: readonly [message: RegExp, reason: string][] = [
  [/invalid range/, 'this range ends before it begins'],
  [/invalid character class/, 'a range goes from one character to another'],
  [/out of order/, 'this repetition asks for more at least than at most'],
];

function misspelt(body: string, at: number, message: string): string {
  const known = misspellings.find(([said]) => said.test(message));
  if (known) return known[1];
  if (at >= body.length) return 'the pattern ends before this group or escape does';
  const char = String.fromCodePoint(body.codePointAt(at) ?? 0);
  if (body[at - 1] === '\\') return `there is no escape \\${char}: write the character itself`;
  return `${char} means nothing here: write \\${char} for the character itself`;
}

interface Surroundings {
  ignoresCase: boolean;
  /** How often each repetition around this one repeats it. */
  repeats: readonly number[];
}

/** What JavaScript reads and RE2 does not, or otherwise. */
function foreignSyntax(node: Node, around: Surroundings): PatternProblem | undefined {
  const at = node.range[0];
  switch (node.type) {
    case 'reference':
      return { at, reason: 'there are no backreferences: write what may stand there' };
    case 'unicodePropertyEscape':
      return { at, reason: `there is no ${node.raw}: write the characters, such as [a-zà-ÿ]` };
    case 'value':
      return foreignValue(node, around);
    case 'characterClass':
      return foreignClass(node, around);
    case 'group':
      if (node.behavior !== 'normal' && node.behavior !== 'ignore') {
        return { at, reason: 'there is no look-around: use "all", "any" and "not" in "where"' };
      }
      return firstForeign(node.body, around);
    case 'quantifier':
      return (
        tooManyRepeats(node, around.repeats) ??
        firstForeign(node.body, { ...around, repeats: [...around.repeats, timesOf(node)] })
      );
    case 'alternative':
    case 'disjunction':
      return firstForeign(node.body, around);
    default:
      return undefined;
  }
}

function firstForeign(nodes: readonly Node[], around: Surroundings): PatternProblem | undefined {
  for (const node of nodes) {
    const problem = foreignSyntax(node, around);
    if (problem) return problem;
  }
  return undefined;
}

type Quantifier = Extract<Node, { type: 'quantifier' }>;

function tooManyRepeats(node: Quantifier, repeats: readonly number[]): PatternProblem | undefined {
  const at = node.body[0].range[1];
  if (repeats.length >= maxNested) {
    return { at, reason: `repetitions are nested ${maxNested} deep at most` };
  }
  const times = repeats.reduce((product, times) => product * times, timesOf(node));
  if (times <= maxRepeat) return undefined;
  return {
    at,
    reason: `nothing is repeated more than ${maxRepeat} times, the repetitions around it counted too`,
  };
}

/** How often the engine writes out what is repeated: `+` and `*` are loops. */
function timesOf({ min, max }: Quantifier): number {
  return Math.max(min, max ?? 1, 1);
}

function foreignClass(
  node: Extract<Node, { type: 'characterClass' }>,
  around: Surroundings,
): PatternProblem | undefined {
  if (node.body.length === 0) {
    return { at: node.range[0], reason: 'a class names at least one character' };
  }
  for (const member of node.body) {
    if (member.type === 'unicodePropertyEscape') return foreignSyntax(member, around);
    if (member.raw === '\\b') return notShared(member);
    const isRange = member.type === 'characterClassRange';
    if (isRange && around.ignoresCase && member.max.codePoint > 127) return oddCase(member);
    for (const value of isRange ? [member.min, member.max] : [member]) {
      const problem = value.type === 'value' ? foreignValue(value, around) : undefined;
      if (problem) return problem;
    }
  }
  return undefined;
}

/** `\u0041`, `\u{41}`, `\cA` and `\0` are JavaScript's alone, as is `[\b]`; RE2 reads `\x41`. */
function foreignValue(
  value: Extract<Node, { type: 'value' }>,
  { ignoresCase }: Surroundings,
): PatternProblem | undefined {
  const { kind, codePoint } = value;
  if (!['symbol', 'identifier', 'hexadecimalEscape', 'singleEscape'].includes(kind)) {
    return notShared(value);
  }
  const isOdd = ignoresCase && codePoint > 127 && hasOddCase(String.fromCodePoint(codePoint));
  return isOdd ? oddCase(value) : undefined;
}

type Place = Pick<Node, 'raw' | 'range'>;

function notShared({ raw, range }: Place): PatternProblem {
  return { at: range[0], reason: `there is no ${raw}: write the character itself` };
}

function oddCase({ raw, range }: Place): PatternProblem {
  const reason = `(?i) does not know the cases of ${raw}: write the characters one by one, without (?i)`;
  return { at: range[0], reason };
}

/**
 * Characters whose other case depends on who is asked: ſ is an s, the Kelvin sign a k, ẞ an ß, for some.
 */
function hasOddCase(char: string): boolean {
  // Without the flag `u`, the checker sees two characters.
  if (char.length > 1) return true;
  const lower = char.toLowerCase();
  const upper = char.toUpperCase();
  if (char !== lower) return lower.toUpperCase() !== char;
  return upper.length === 1 && upper.toLowerCase() !== char;
}
