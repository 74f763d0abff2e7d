import { isSafePattern, type RedosDetectorTrail } from 'redos-detector';
import regjsparser, { type RootNode } from 'regjsparser';
import { maxPatternLength, nativePattern, nativeSource, splitFlags } from './pattern.ts';

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

type Node = RootNode<Features>;

const features: Features = { namedGroups: true, lookbehind: true, unicodePropertyEscape: true };

/** RE2's own bound, for repetitions inside each other as well. */
const maxRepeat = 1000;

/** How deep repetitions are nested: deeper ones take the checker minutes. */
const maxNested = 4;

/** How many steps of the engine one text may cost: about 0.2 s of a Worker's CPU. */
const maxEngineSteps = 2 ** 27;
/** In how many ways a text may be read, all alternatives together; and one alternative alone. */
const maxWays = 1000;
const maxWaysOfBranch = 50;
const maxBranches = 400;
/** Of the checker, so that the same pattern gets the same answer on a slow machine. */
const maxCheckSteps = 2000;
/** Only for what no step count foresees. */
const maxCheckMs = 10_000;

/**
 * Is this a pattern that RE2 and JavaScript read alike, and does it match any text of `maxTextLength`
 * UTF-16 units within `maxEngineSteps`? In Node only, when the config is checked.
 */
export function patternProblem(pattern: string, maxTextLength: number): PatternProblem | undefined {
  if (pattern.length > maxPatternLength) {
    return {
      at: maxPatternLength,
      reason: `a pattern has ${maxPatternLength} characters at most: list the values instead`,
    };
  }
  const { flags, body, start } = splitFlags(pattern);
  const parsed = parseBody(body);
  const problem =
    'at' in parsed
      ? parsed
      : (foreignSyntax(parsed, { ignoresCase: flags.includes('i'), repeats: [] }) ??
        unbounded(parsed, flags, maxTextLength));
  if (problem) return { ...problem, at: problem.at + start };
  try {
    nativePattern(pattern).test('');
  } catch (error) {
    return { at: start, reason: error instanceof Error ? error.message : String(error) };
  }
  return undefined;
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
  const lower = char.toLowerCase();
  const upper = char.toUpperCase();
  if (char !== lower) return lower.toUpperCase() !== char;
  return upper.length === 1 && upper.toLowerCase() !== char;
}

const withoutAstral = (source: string) => source.replaceAll('\\u{10ffff}', '\\uffff');

/**
 * Each branch is one way through the alternatives that are not repeated. Tried at one place of a text, a
 * pattern costs at most its number of ways times the text's length; one without `^` is tried at each place.
 */
function unbounded(root: Node, flags: string, maxTextLength: number): PatternProblem | undefined {
  const branches = branchesOf(root);
  const tries = branches.every(isAnchored) ? 1 : maxTextLength;
  const waysAtOnePlace = Math.min(maxWays, maxEngineSteps / (tries * maxTextLength));
  const atOnePlace = countWays(branches, flags, waysAtOnePlace, (text) => `^(?:${text})`);
  if ('ways' in atOnePlace) return undefined;
  const everywhere = atOnePlace.endless
    ? atOnePlace
    : countWays(branches, flags, maxWays, (text) => text);
  return 'ways' in everywhere ? undefined : { at: atOnePlace.at, reason: atOnePlace.reason };
}

function isAnchored([first]: readonly Node[]): boolean {
  return first?.type === 'anchor' && first.kind === 'start';
}

type Count = { ways: number } | (PatternProblem & { endless: boolean });

function countWays(
  branches: readonly (readonly Node[])[],
  flags: string,
  limit: number,
  framed: (text: string) => string,
): Count {
  let ways = 0;
  for (const branch of branches) {
    const text = framed(branch.map(({ raw }) => nativeSource(raw, flags)).join(''));
    const ignoresCase = flags.includes('i');
    // The checker knows no `iu`. Of the characters that `oddCase` lets pass, `i` pairs the same ones.
    const { safe, score, trails } = isSafePattern(ignoresCase ? withoutAstral(text) : text, {
      unicode: !ignoresCase,
      caseInsensitive: ignoresCase,
      dotAll: flags.includes('s'),
      maxScore: Math.min(limit, maxWaysOfBranch),
      maxSteps: maxCheckSteps,
      timeout: maxCheckMs,
    });
    if (!safe || score.infinite) {
      return { endless: true, ...blame(branch, flags, framed('|').indexOf('|'), trails) };
    }
    ways += score.value;
  }
  if (ways <= limit) return { ways };
  const at = branches[0]?.[0]?.range[0] ?? 0;
  return { endless: false, at, reason: `it is too long to be tried at each place: begin with ^` };
}

/** The ways through a pattern, each as the nodes that it passes. What is repeated stays one node. */
function branchesOf(node: Node): Node[][] {
  switch (node.type) {
    case 'disjunction':
      return node.body.flatMap(branchesOf);
    case 'group':
      return sequence(node.body);
    case 'alternative':
      return sequence(node.body);
    default:
      return [[node]];
  }
}

function sequence(nodes: readonly Node[]): Node[][] {
  let branches: Node[][] = [[]];
  for (const node of nodes) {
    const nexts = branchesOf(node);
    const isTooMany = branches.length * nexts.length > maxBranches;
    const parts = isTooMany ? [[node]] : nexts;
    branches = branches.flatMap((branch) => parts.map((part) => [...branch, ...part]));
  }
  return branches;
}

/** Names the repetitions that the checker found to compete for the same characters. */
function blame(
  branch: readonly Node[],
  flags: string,
  frame: number,
  trails: readonly RedosDetectorTrail[],
): PatternProblem {
  const starts: number[] = [];
  let end = frame;
  for (const { raw } of branch) {
    starts.push(end);
    end += nativeSource(raw, flags).length;
  }
  const nodeAt = (offset: number) => branch[starts.findLastIndex((start) => start <= offset)];
  const met = new Set(
    (trails[0]?.trail ?? []).flatMap(({ a, b }) => [
      nodeAt(a.node.start.offset),
      nodeAt(b.node.start.offset),
    ]),
  );
  const [first, second] = branch.filter((node) => node.type === 'quantifier' && met.has(node));
  if (!first) {
    const at = branch[0]?.range[0] ?? 0;
    return { at, reason: `it can't be proven fast: write it shorter, or list the values` };
  }
  const what = second
    ? `${first.raw} and ${second.raw} can share a text in too many ways`
    : `${first.raw} can read a text in too many ways`;
  return {
    at: first.range[0],
    reason: `${what} to be fast: write what can't stand there, such as [^.]* for .*, or list the values`,
  };
}
