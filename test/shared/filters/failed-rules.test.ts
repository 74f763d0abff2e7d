import { expect, test } from 'vitest';
import type { Filter } from '../../../shared/filters/condition.ts';
import { failedRules } from '../../../shared/filters/failed-rules.ts';

const filter: Filter = {
  event: '^order',
  events: ['order.created', 'order.paid'],
  where: {
    all: [
      { field: '$.live', equals: true },
      { all: [{ field: '$.id', equals: 9007199254740993n }] },
      {
        any: [
          { field: '$.a', gt: 1 },
          { field: '$.b', exists: true },
        ],
      },
    ],
  },
};
const json = '{"live":true,"id":9007199254740993,"a":2}';

test('an event that passes fails no rule', () => {
  expect(failedRules(filter, { name: 'order.paid', json })).toEqual([]);
  expect(failedRules({}, {})).toEqual([]);
});

test.each<[string, Filter, string[]]>([
  ['a name', { event: filter.event ?? '' }, ['filter.event "^order"']],
  ['names', { events: ['a', 'b'] }, ['filter.events ["a","b"]']],
  [
    'a condition',
    { where: { field: '$.n', in: [1, 'x', null, 10n] } },
    ['filter.where {"field":"$.n","in":[1,"x",null,"10n"]}'],
  ],
])('%s that fails is told, with its path and as it was written', (_, rule, told) => {
  expect(failedRules(rule, { name: 'x', json: '{}' })).toEqual(told);
});

test('of several conditions only those that fail are told, however deep they stand', () => {
  expect(failedRules(filter, { name: 'order.new', json: '{"live":false,"b":1}' })).toEqual([
    'filter.events ["order.created","order.paid"]',
    'filter.where.all.0 {"field":"$.live","equals":true}',
    'filter.where.all.1.all.0 {"field":"$.id","equals":"9007199254740993n"}',
  ]);
  expect(
    failedRules(filter, { name: 'order.paid', json: '{"live":true,"id":9007199254740993}' }),
  ).toEqual(['filter.where.all.2 {"any":[{"field":"$.a","gt":1},{"field":"$.b","exists":true}]}']);
});
