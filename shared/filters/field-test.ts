import { scalarText } from '../json/json-members.ts';
import type { FieldTests, Problem, Scalar } from './condition.ts';
import { compareDecimals, type Decimal, parseDecimal } from './decimal.ts';
import { compilePattern } from './pattern.ts';

/** A test of one value, given as its raw JSON text. */
export type ValueTest = (raw: string) => boolean;

type Order = 'gt' | 'gte' | 'lt' | 'lte';

/** In UTF-16 units. */
const maxMatchedLength = 4096;

const orders: Record<Order, (difference: number) => boolean> = {
  gt: (difference) => difference > 0,
  gte: (difference) => difference >= 0,
  lt: (difference) => difference < 0,
  lte: (difference) => difference <= 0,
};

export const testNames = ['equals', 'in', 'exists', 'matches', 'gt', 'gte', 'lt', 'lte'] as const;

/** A regular expression of a filter: pattern-check.ts proves in Node that it is fast. */
export interface FilterPattern {
  path: string;
  pattern: string;
  /** The longest text that it is matched against, in UTF-16 units. */
  maxTextLength: number;
}

/** What is found while a filter is compiled. Paths lead from the stream: `filter.where.matches`. */
export interface Findings {
  problems: Problem[];
  patterns: FilterPattern[];
}

/** All tests of a field except `exists`. */
export function compileTests(tests: FieldTests, path: string, findings: Findings): ValueTest[] {
  const compiled: ValueTest[] = [];
  const report = (name: string, message: string) =>
    findings.problems.push({ path: `${path}.${name}`, message });
  if (tests.equals !== undefined) compiled.push(equality(tests.equals, 'equals', report));
  if (tests.in !== undefined) {
    if (!Array.isArray(tests.in) || tests.in.length === 0) report('in', 'must be a list of values');
    else compiled.push(anyOf(tests.in.map((value, at) => equality(value, `in.${at}`, report))));
  }
  if (tests.matches !== undefined) {
    const matches = findPattern(tests.matches, `${path}.matches`, maxMatchedLength, findings);
    compiled.push(matches ? matching(matches) : never);
  }
  for (const name of Object.keys(orders) as Order[]) {
    const bound = tests[name];
    if (bound !== undefined) compiled.push(ordering(name, bound, report));
  }
  return compiled;
}

type Report = (name: string, message: string) => void;

const never: ValueTest = () => false;

function anyOf(tests: readonly ValueTest[]): ValueTest {
  return (raw) => tests.some((test) => test(raw));
}

function equality(value: Scalar, name: string, report: Report): ValueTest {
  if (typeof value === 'string') return (raw) => raw.startsWith('"') && scalarText(raw) === value;
  if (typeof value === 'boolean' || value === null) return (raw) => raw === String(value);
  const wanted = exactly(value, name, report);
  if (!wanted) return never;
  return (raw) => {
    const decimal = parseDecimal(raw);
    return decimal !== undefined && compareDecimals(decimal, wanted) === 0;
  };
}

function ordering(name: Order, bound: number | bigint | string, report: Report): ValueTest {
  const holds = orders[name];
  if (typeof bound === 'string') {
    return (raw) => {
      const text = raw.startsWith('"') ? scalarText(raw) : undefined;
      return text !== undefined && holds(text < bound ? -1 : Number(text > bound));
    };
  }
  const wanted = exactly(bound, name, report);
  if (!wanted) return never;
  return (raw) => {
    const decimal = parseDecimal(scalarText(raw) ?? '');
    return decimal !== undefined && holds(compareDecimals(decimal, wanted));
  };
}

function matching(matches: (text: string) => boolean): ValueTest {
  return (raw) => {
    if (raw === 'null') return false;
    const text = scalarText(raw);
    return text !== undefined && text.length <= maxMatchedLength && matches(text);
  };
}

/** Does it match anywhere in a text? Undefined where it is not a pattern, which is then reported. */
export function findPattern(
  pattern: unknown,
  path: string,
  maxTextLength: number,
  { problems, patterns }: Findings,
): ((text: string) => boolean) | undefined {
  const isText = typeof pattern === 'string';
  if (isText) patterns.push({ path, pattern, maxTextLength });
  const matches = isText ? compilePattern(pattern) : undefined;
  if (!matches) problems.push({ path, message: 'must be a regular expression, as text' });
  return matches;
}

/** The number as it was meant: one that JavaScript has rounded already is refused. */
function exactly(value: unknown, name: string, report: Report): Decimal | undefined {
  if (typeof value === 'bigint') return parseDecimal(String(value));
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    report(name, 'must be a text, a finite number, a bigint, true, false or null');
    return undefined;
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    report(name, 'is beyond 2^53, where numbers are rounded: write it as a bigint, such as 10n');
    return undefined;
  }
  return parseDecimal(String(value));
}
