import { describe, expect, it, test } from 'vitest';
import type { Condition, Filter } from '../../../shared/filters/condition.ts';
import { compileFilter } from '../../../shared/filters/filter.ts';

function byName(filter: Filter | undefined): (name?: string) => boolean {
  const { passes, problems } = compileFilter(filter);
  expect(problems).toEqual([]);
  return (name) => passes({ name });
}

function holds(where: Condition, json: string): boolean {
  const { passes, problems } = compileFilter({ where });
  expect(problems).toEqual([]);
  return passes({ json });
}

describe('a filter on names', () => {
  test('without one everything passes, named or not', () => {
    const passes = byName(undefined);
    expect([passes('anything'), passes(''), passes(undefined)]).toEqual([true, true, true]);
    expect(byName({})(undefined)).toBe(true);
  });

  test('a pattern may match anywhere, as DataNostro’s does, unless it is anchored', () => {
    const anywhere = byName({ event: 'purchase' });
    expect([anywhere('my_purchase_2'), anywhere('Purchase'), anywhere('')]).toEqual([
      true,
      false,
      false,
    ]);
    const anchored = byName({ event: '^(purchase|add_to_cart)$' });
    expect([anchored('purchase'), anchored('purchase\n'), anchored('repurchase')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(anchored(undefined)).toBe(false);
  });

  test('the same name gives the same answer, however often it is asked', () => {
    const passes = byName({ event: 'a+' });
    expect(['aa', 'aa', 'b', 'aa'].map(passes)).toEqual([true, true, false, true]);
  });

  test('a list holds whole names', () => {
    const passes = byName({ events: ['order.paid', 'order'] });
    expect(['order.paid', 'order', 'orderXpaid', 'order.', ''].map(passes)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('where several are given, all must hold', () => {
    const { passes } = compileFilter({
      event: '^order',
      events: ['order.paid', 'invoice.paid'],
      where: { field: '$.live', equals: true },
    });
    expect(passes({ name: 'order.paid', json: '{"live":true}' })).toBe(true);
    expect(passes({ name: 'order.paid', json: '{"live":false}' })).toBe(false);
    expect(passes({ name: 'invoice.paid', json: '{"live":true}' })).toBe(false);
  });

  test('a name is matched whole or not at all', () => {
    const starts = byName({ event: '^purchase' });
    const ends = byName({ event: 'e$' });
    expect(starts('purchase'.padEnd(256, 'e'))).toBe(true);
    expect(ends('purchase'.padEnd(256, 'e'))).toBe(true);
    // Cut at 256 characters, both would pass.
    expect(starts('purchase'.padEnd(257, 'x'))).toBe(false);
    expect(ends(`${'e'.repeat(256)}x`)).toBe(false);
    expect(starts('purchase'.padEnd(10_000_000, 'x'))).toBe(false);
  });

  test('names that are not text are matched without a crash', () => {
    const passes = byName({ event: '^.$' });
    expect(['\ud800', '\u0000', '🐎'].map(passes)).toEqual([true, true, true]);
  });
});

describe('a condition', () => {
  const order =
    '{"id":9007199254740993,"total":120.50,"price":"99.9","paid":true,"note":null,"items":[{"sku":"A","n":1},{"sku":"B","n":5}],"a.b":{"c":"x"},"at":"2026-06-05T10:00:00Z"}';

  it.each<[Condition, boolean]>([
    [{ field: '$.paid', equals: true }, true],
    [{ field: '$.paid', equals: 'true' }, false],
    [{ field: '$.note', equals: null }, true],
    [{ field: '$.missing', equals: null }, false],
    [{ field: '$.note', exists: true }, true],
    [{ field: '$.missing', exists: false }, true],
    [{ field: '$.note', exists: false }, false],
    [{ not: { field: '$.missing', equals: 1 } }, true],
    [{ field: '$.id', equals: 9007199254740993n }, true],
    [{ field: '$.id', equals: 9007199254740992n }, false],
    [{ field: '$.id', gt: 9007199254740992n }, true],
    [{ field: '$.id', lt: 9007199254740994n }, true],
    [{ field: '$.total', equals: 120.5 }, true],
    [{ field: '$.total', gte: 120.5, lt: 121 }, true],
    [{ field: '$.total', gt: 120.5 }, false],
    [{ field: '$.price', gt: 100 }, false],
    [{ field: '$.price', lte: 99.9 }, true],
    [{ field: '$.price', equals: 99.9 }, false],
    [{ field: '$.paid', gt: 0 }, false],
    [{ field: '$.at', gte: '2026-06-05' }, true],
    [{ field: '$.at', lt: '2026-06-05' }, false],
    [{ field: '$.items[].sku', equals: 'B' }, true],
    [{ field: '$.items[].sku', in: ['C', 'D'] }, false],
    [{ field: '$.items[1].n', in: [4, 5] }, true],
    [{ field: '$.items[].n', gt: 1, lt: 5 }, false],
    [{ field: '$.items[2].n', exists: true }, false],
    [{ field: '$.items', exists: true }, true],
    [{ field: '$.items', matches: '' }, false],
    [{ field: "$['a.b'].c", matches: '^x$' }, true],
    [{ field: '$.id', matches: '993$' }, true],
    [{ field: '$.note', matches: '' }, false],
    [{ field: '$', exists: true }, true],
    [
      {
        all: [
          { field: '$.paid', equals: true },
          { field: '$.total', gt: 100 },
        ],
      },
      true,
    ],
    [
      {
        all: [
          { field: '$.paid', equals: true },
          { field: '$.total', gt: 200 },
        ],
      },
      false,
    ],
    [
      {
        any: [
          { field: '$.total', gt: 200 },
          { field: '$.id', exists: true },
        ],
      },
      true,
    ],
    [{ not: { any: [{ field: '$.paid', equals: true }] } }, false],
  ])('%o: %s', (where, answer) => {
    expect(holds(where, order)).toBe(answer);
  });

  it.each<[string, number | bigint, boolean]>([
    ['1e3', 1000, true],
    ['1000.000', 1000, true],
    ['0.1e4', 1000, true],
    ['-0', 0, true],
    ['0e999', 0, true],
    ['-1e-7', -1e-7, true],
    ['12345678901234567890', 12345678901234567890n, true],
    ['1234567890123456789e1', 12345678901234567890n, true],
    ['12345678901234567891', 12345678901234567890n, false],
    ['1e99999999999999999999', 1000, false],
    ['0.30000000000000000001', 0.3, false],
  ])('the number %s equals %s: %s', (raw, value, answer) => {
    expect(holds({ field: '$.n', equals: value }, `{"n":${raw}}`)).toBe(answer);
  });

  it.each([
    ['1e400', '1', true],
    ['-1e400', '1', false],
    ['-2', '-1', false],
    ['-1', '-2', true],
    ['0.01', '0.009', true],
    ['99', '100', false],
    ['123', '122.999', true],
  ])('%s > %s: %s', (raw, bound, answer) => {
    expect(holds({ field: '$.n', gt: Number(bound) }, `{"n":${raw}}`)).toBe(answer);
  });

  it('reads the first of duplicate keys, and own members only', () => {
    expect(holds({ field: '$.a', equals: 1 }, '{"a":1,"a":2}')).toBe(true);
    expect(holds({ field: '$.a', equals: 2 }, '{"a":1,"a":2}')).toBe(false);
    expect(holds({ field: '$.toString', exists: true }, '{}')).toBe(false);
    expect(holds({ field: '$.a', exists: true }, '{"\\u0061":1}')).toBe(true);
  });

  it('holds of nothing where the event is no JSON', () => {
    const { passes } = compileFilter({ where: { field: '$.a', exists: true } });
    expect(passes({ name: 'a' })).toBe(false);
  });

  it('matches no text that is longer than 4,096 units', () => {
    const where = { field: '$.a', matches: '^a' };
    expect(holds(where, `{"a":"${'a'.repeat(4096)}"}`)).toBe(true);
    expect(holds(where, `{"a":"${'a'.repeat(4097)}"}`)).toBe(false);
  });
});

describe('a filter is refused', () => {
  it.each<[unknown, string, string]>([
    [{ event: 7 }, 'filter.event', 'as text'],
    [{ event: '(' }, 'filter.event', 'a regular expression'],
    [{ events: [] }, 'filter.events', 'a list of names'],
    [{ events: ['a', 7] }, 'filter.events', 'a list of names'],
    [{ evnt: 'a' }, 'filter.evnt', 'event, events, where'],
    [{ where: 'a' }, 'filter.where', 'a condition'],
    [{ where: { field: '$.a' } }, 'filter.where', 'must test'],
    [{ where: { field: 'a', equals: 1 } }, 'filter.where.field', 'begins with $'],
    [{ where: { field: '$.a..b', equals: 1 } }, 'filter.where.field', 'at character 4'],
    [{ where: { field: '$.a', eq: 1 } }, 'filter.where.eq', 'equals'],
    [{ where: { field: '$.a', in: [] } }, 'filter.where.in', 'a list'],
    [{ where: { field: '$.a', in: [1, {}] } }, 'filter.where.in.1', 'must be'],
    [{ where: { field: '$.a', exists: 'yes' } }, 'filter.where.exists', 'true or false'],
    [{ where: { field: '$.a', gt: Number.NaN } }, 'filter.where.gt', 'finite'],
    [{ where: { field: '$.a', equals: 2 ** 53 } }, 'filter.where.equals', 'bigint'],
    [{ where: { all: [] } }, 'filter.where.all', 'a list'],
    [{ where: { all: [{ field: '$.a', matches: 1 }] } }, 'filter.where.all.0.matches', 'as text'],
    [{ where: { not: { any: [{}] } } }, 'filter.where.not.any.0.field', 'no path'],
    [{ where: { all: [], any: [] } }, 'filter.where.any', 'none of all'],
  ])('%j', (filter, path, message) => {
    const { problems } = compileFilter(filter as Filter);
    expect(problems).toContainEqual({ path, message: expect.stringContaining(message) });
  });

  it('where it is nested without end', () => {
    let where: Condition = { field: '$.a', exists: true };
    for (let depth = 0; depth < 10_000; depth++) where = { not: where };
    expect(compileFilter({ where }).problems).toHaveLength(1);
  });
});
