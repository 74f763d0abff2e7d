import { expect, test } from 'vitest';
import { compileFilter } from '../../worker/filter.ts';

test('without a filter everything passes, named or not', () => {
  const passes = compileFilter(undefined);
  expect([passes('anything'), passes(''), passes(undefined)]).toEqual([true, true, true]);
  expect(compileFilter({})(undefined)).toBe(true);
});

test('a pattern may match anywhere, as DataNostro’s does, unless it is anchored', () => {
  const anywhere = compileFilter({ event: 'purchase' });
  expect([anywhere('my_purchase_2'), anywhere('Purchase'), anywhere('')]).toEqual([
    true,
    false,
    false,
  ]);
  const anchored = compileFilter({ event: '^(purchase|add_to_cart)$' });
  expect([anchored('purchase'), anchored('purchase\n'), anchored('repurchase')]).toEqual([
    true,
    false,
    false,
  ]);
});

test('the same name gives the same answer, however often it is asked', () => {
  const passes = compileFilter({ event: 'a+' });
  expect([passes('aa'), passes('aa'), passes('b'), passes('aa')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

test('a name is matched whole or not at all', () => {
  const starts = compileFilter({ event: '^purchase' });
  const ends = compileFilter({ event: 'e$' });
  expect([starts('purchase'.padEnd(256, 'e')), ends('purchase'.padEnd(256, 'e'))]).toEqual([
    true,
    true,
  ]);
  // Cut at 256 characters, both would pass.
  expect([starts('purchase'.padEnd(257, 'x')), ends(`${'e'.repeat(256)}x`)]).toEqual([
    false,
    false,
  ]);
  expect(starts('purchase'.padEnd(10_000_000, 'x'))).toBe(false);
});

test('a pattern that makes a backtracking engine hang answers at once', () => {
  const passes = compileFilter({ event: '^(a+)+$' });
  expect(passes(`${'a'.repeat(255)}!`)).toBe(false);
  expect(passes('a'.repeat(256))).toBe(true);
});

test('names that are not text are matched without a crash', () => {
  const passes = compileFilter({ event: '^.$' });
  expect([passes('\ud800'), passes('\u0000'), passes('🐎')]).toEqual([true, true, true]);
});
