import { isSafePattern, type RedosDetectorTrail } from 'redos-detector';
import { maxPatternLength, nativePattern, nativeSource, splitFlags } from './pattern.ts';
import { type Node, type PatternProblem, parsePattern } from './pattern-dialect.ts';

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
  const parsed = parsePattern(body, flags);
  const problem = 'at' in parsed ? parsed : unbounded(parsed, flags, maxTextLength);
  if (problem) return { ...problem, at: problem.at + start };
  try {
    nativePattern(pattern).test('');
  } catch (error) {
    return { at: start, reason: error instanceof Error ? error.message : String(error) };
  }
  return undefined;
}

/** What the checker cannot read is not proven: it is refused, not let pass. */
function proof(text: string, flags: string, limit: number): Proof {
  const ignoresCase = flags.includes('i');
  try {
    // The checker knows no `iu`. Of the characters that pattern-dialect.ts lets pass, `i` pairs the same ones.
    return isSafePattern(ignoresCase ? withoutAstral(text) : text, {
      unicode: !ignoresCase,
      caseInsensitive: ignoresCase,
      dotAll: flags.includes('s'),
      maxScore: Math.min(limit, maxWaysOfBranch),
      maxSteps: maxCheckSteps,
      timeout: maxCheckMs,
    });
  } catch {
    return { safe: false, score: { infinite: true }, trails: [] };
  }
}

/** Only `\S` is written with these. Without `u` the checker reads no code points, and NUL never with `i`. */
function withoutAstral(source: string): string {
  return source
    .replaceAll('\\x00-\\x08', '\\x01-\\x08')
    .replaceAll('!-\\u{10ffff}', '!-\\ud7ff\\ue000-\\uffff');
}

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

type Proof = Pick<ReturnType<typeof isSafePattern>, 'safe' | 'score' | 'trails'>;

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
    const { safe, score, trails } = proof(text, flags, limit);
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
