import { expect, it } from 'vitest';
import { nearestName } from '../../shared/nearest-name.ts';

const names = ['filter', 'table', 'secrets', 'key', 'maxBodyBytes'];

it.each([
  ['filters', 'filter'],
  ['fitler', 'filter'],
  ['Table', 'table'],
  ['secret', 'secrets'],
  ['maxbodybyte', 'maxBodyBytes'],
  ['ke', 'key'],
])('%s is meant to be %s', (typed, meant) => {
  expect(nearestName(typed, names)).toBe(meant);
});

it.each(['region', 'x', '', 'completely-different'])(
  '"%s" is meant to be none of them',
  (typed) => {
    expect(nearestName(typed, names)).toBeUndefined();
  },
);
