import { expect, it } from 'vitest';
import { FAULTS } from '../../local/faults/faults.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/faults.md');

function listed(...headings: string[]) {
  return headings
    .flatMap((heading) => tableRows(page, heading))
    .map(([name = '', takes = '']) => ({
      name: name.replaceAll('`', ''),
      takes: [...takes.matchAll(/`(\w+)`/g)].map(([, parameter]) => parameter).sort(),
    }));
}

const faultsOf = (server: string) =>
  Object.entries(FAULTS)
    .filter(([, kind]) => kind.server === server || kind.server === 'both')
    .map(([name, { takes }]) => ({ name, takes: [...takes].sort() }));

it('docs/faults.md lists every fault of each server, and no other', () => {
  expect(listed('| fault of an append', '| fault of a request')).toEqual(
    expect.arrayContaining(faultsOf('bigquery')),
  );
  expect(listed('| fault of Pub/Sub')).toEqual(expect.arrayContaining(faultsOf('pubsub')));
  const all = listed('| fault of an append', '| fault of a request', '| fault of Pub/Sub');
  expect(new Set(all.map(({ name }) => name))).toEqual(new Set(Object.keys(FAULTS)));
});

it('docs/faults.md tells which strike at once, and which always', () => {
  const rows = ['| fault of an append', '| fault of a request', '| fault of Pub/Sub'].flatMap(
    (heading) => tableRows(page, heading),
  );
  for (const [name = '', , what = ''] of rows) {
    const kind: { server: string; atOnce?: true; times?: 'always' } =
      FAULTS[name.replaceAll('`', '') as keyof typeof FAULTS];
    expect({ name, atOnce: what.startsWith('at once') }).toEqual({ name, atOnce: !!kind.atOnce });
    expect({ name, always: what.includes('Strikes always') }).toEqual({
      name,
      always: kind.times === 'always',
    });
  }
});
