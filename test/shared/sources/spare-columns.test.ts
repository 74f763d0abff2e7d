import { expect, it } from 'vitest';
import type { Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { github } from '../../../shared/sources/presets.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

const moreColumns = { more: { type: 'JSON', from: '$.more' } } as const;

it.each<[string, Stream, string[]]>([
  ['generic', generic({ table: 'd.t', moreColumns }), ['more']],
  ['generic with columns of its own', generic({ table: 'd.t', columns: moreColumns }), []],
  ['a batch', generic({ table: 'd.t', each: '$', moreColumns }), ['more']],
  ['github', github({ table: 'd.t', moreColumns }), ['more']],
  ['datanostro', datanostro({ table: 'd.t', unknown: 'keep', moreColumns }), ['more']],
  ['segmentstream', segmentstream({ table: 'd.t', fields: true, moreColumns }), ['fields', 'more']],
])('a row of %s can spare what stands in its payload too', (_, stream, spare) => {
  const own = defineRelay({ project: 'my-project', streams: { own: stream } }).streams.get('own');
  const source = own && sources[own.source];
  if (!own || source?.delivers !== 'rows') throw new Error('no rows');
  const { columns } = source.layout(own);
  expect(columns.filter((column) => column.spare).map(({ name }) => name)).toEqual(spare);
});
