import { describe, expect, test } from 'vitest';
import type { Condition, Filter } from '../../../shared/filters/condition.ts';
import { compareDecimals, parseDecimal } from '../../../shared/filters/decimal.ts';
import { compileFilter, filterOf } from '../../../shared/filters/filter.ts';

// Where one rule ends and the next begins: found by test/mutants.

const event = { name: 'order', json: '{"text":"b","number":5,"list":["b"],"flag":true}' };
const passes = (where: unknown) => compileFilter({ where: where as Condition }).passes(event);

describe('texts in order', () => {
  test.each([
    [{ gt: 'a' }, true],
    [{ gt: 'b' }, false],
    [{ gt: 'c' }, false],
    [{ gte: 'b' }, true],
    [{ gte: 'c' }, false],
    [{ lt: 'c' }, true],
    [{ lt: 'b' }, false],
    [{ lt: 'a' }, false],
    [{ lte: 'b' }, true],
    [{ lte: 'a' }, false],
  ])('%j', (test, expected) => {
    expect(passes({ field: '$.text', ...test })).toBe(expected);
  });

  test.each([{ gt: '1' }, { lt: '9' }, { gte: '5' }, { equals: '5' }, { in: ['5'] }])(
    'a number is no text: %j',
    (test) => {
      expect(passes({ field: '$.number', ...test })).toBe(false);
    },
  );

  test('an array and a truth value are no texts', () => {
    expect(passes({ field: '$.list', gt: '' })).toBe(false);
    expect(passes({ field: '$.flag', gt: '' })).toBe(false);
    expect(passes({ field: '$.list', gt: 0 })).toBe(false);
  });
});

describe('a filter that is refused passes nothing, and never throws', () => {
  test.each<[unknown, string]>([
    [{ where: { field: '$.number', equals: Number.NaN } }, 'filter.where.equals'],
    [{ where: { field: '$.number', gt: Number.NaN } }, 'filter.where.gt'],
    [{ where: { field: '$.text', matches: 7 } }, 'filter.where.matches'],
    [{ where: { field: '$.text', matches: '(' } }, 'filter.where.matches'],
    [{ event: '(' }, 'filter.event'],
    [{ events: 'order' }, 'filter.events'],
    [{ events: [] }, 'filter.events'],
    [{ events: [7] }, 'filter.events'],
    [{ events: ['x'.repeat(257)] }, 'filter.events'],
    [{ where: 7 }, 'filter.where'],
    [{ where: { field: '$.text' } }, 'filter.where'],
    [{ where: { field: '$.text', exists: 1 } }, 'filter.where.exists'],
    [{ where: { any: [] } }, 'filter.where.any'],
  ])('%j', (filter, path) => {
    const { passes, problems } = compileFilter(filter as Filter);
    expect(problems.map((problem) => problem.path)[0]).toContain(path);
    expect(passes(event)).toBe(false);
    expect(passes({ name: '' })).toBe(false);
  });

  test('a pattern that is no text is not among the patterns', () => {
    expect(
      compileFilter({ where: { field: '$', matches: 7 } } as unknown as Filter).patterns,
    ).toEqual([]);
  });

  test('a word beside `not` is told', () => {
    const where = { not: { field: '$.x', exists: true }, all: undefined, also: 1 };
    const { problems } = compileFilter({
      where: { not: where.not, also: 1 } as unknown as Condition,
    });
    expect(problems.map(({ path }) => path)).toEqual(['filter.where.also']);
  });
});

test('names of 256 units may be listed', () => {
  const name = 'x'.repeat(256);
  const { passes, problems } = compileFilter({ events: [name] });
  expect(problems).toEqual([]);
  expect(passes({ name })).toBe(true);
});

test.each<[string, (inner: Condition) => Condition]>([
  ['not', (inner) => ({ not: inner })],
  ['all', (inner) => ({ all: [inner] })],
])('32 levels of %s are taken, and one more is not', (_, around) => {
  const nested = (levels: number): Condition =>
    levels === 0 ? { field: '$.text', equals: 'b' } : around(nested(levels - 1));
  expect(compileFilter({ where: nested(32) }).problems).toEqual([]);
  expect(compileFilter({ where: nested(33) }).problems).toHaveLength(1);
});

test('a stream’s filter is compiled once', () => {
  const stream = { filter: { events: ['a'] } };
  expect(filterOf(stream)).toBe(filterOf(stream));
});

test('numbers are ordered by their sign, their size and their digits', () => {
  const ordered = [
    '-1e400',
    '-12',
    '-11.5',
    '-2',
    '-0.5',
    '0',
    '-0.0',
    '1e-9',
    '0.5',
    '0.50',
    '2',
    '11',
    '1e1000',
  ];
  const values = ordered.map((text) => parseDecimal(text));
  for (const [at, left] of values.entries()) {
    for (const [other, right] of values.entries()) {
      if (!left || !right) throw new Error('no number');
      const same = [
        ['0', '-0.0'],
        ['0.5', '0.50'],
      ].some((pair) => pair.includes(ordered[at] ?? '') && pair.includes(ordered[other] ?? ''));
      const expected = same ? 0 : Math.sign(at - other) + 0;
      expect([ordered[at], ordered[other], Math.sign(compareDecimals(left, right)) + 0]).toEqual([
        ordered[at],
        ordered[other],
        expected,
      ]);
    }
  }
});
