import { describe, expect, it } from 'vitest';
import { keyedLayout, type TableLayout } from '../../../../shared/columns.ts';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import { type GenericOptions, generic } from '../../../../shared/sources/generic.ts';
import { sources } from '../../../../shared/sources/registry.ts';

const layout: TableLayout = {
  columns: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'STRING' })),
  clusterBy: ['e', 'b'],
  copies: { by: ['d'], newest: 'c' },
};

describe('keyedLayout', () => {
  it('leaves a stream without a key alone', () => {
    expect(keyedLayout(layout, {})).toBe(layout);
  });

  it('clusters by the key first, by four columns at most, and knows copies by it', () => {
    expect(keyedLayout(layout, { key: ['a', 'b', 'c'] })).toMatchObject({
      key: ['a', 'b', 'c'],
      clusterBy: ['a', 'b', 'c', 'e'],
      copies: { by: ['a', 'b', 'c'], newest: 'c' },
    });
    expect(keyedLayout(layout, { key: ['a', 'b', 'c', 'd', 'e'] }).clusterBy).toHaveLength(4);
  });
});

describe('the columns by which copies are known', () => {
  const copiesOf = (options: Partial<GenericOptions>) => {
    const streams = { a: generic({ table: 'd.t', ...options }) };
    const stream = defineRelay({ project: 'my-project', streams }).streams.get('a');
    return stream && sources.generic.layout(stream).copies;
  };

  it('are the delivery, and the event’s place where it holds several', () => {
    expect(copiesOf({})).toEqual({ by: ['delivery_id'], newest: 'received_at' });
    expect(copiesOf({ each: '$' })).toEqual({
      by: ['delivery_id', 'event_index'],
      newest: 'received_at',
    });
  });

  it('are none where the config keeps none of them', () => {
    const columns = { all: { type: 'JSON', from: '$' } } as const;
    expect(copiesOf({ columns })).toBeUndefined();
    const id = { id: { type: 'STRING', from: 'delivery:id' } } as const;
    expect(copiesOf({ columns: { ...columns, ...id } })).toEqual({ by: ['id'] });
    expect(copiesOf({ each: '$', columns: { ...columns, ...id } })).toBeUndefined();
  });
});
