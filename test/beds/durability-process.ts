/**
 * Appends numbered rows to the store in the folder of its argument, four appends at a time, and
 * prints the last number of each append once it was acknowledged. It ends when it is killed.
 */

import { Store } from '../../local/bigquery/storage/store.ts';
import { newDataset, newTable } from '../../local/bigquery/tables/new-resource.ts';

const ref = { projectId: 'p', datasetId: 'd', tableId: 't' };
const store = await Store.open(process.argv[2] ?? '');
await store.createDataset(newDataset(ref));
await store.createTable(newTable(ref, [{ name: 'n', type: 'INTEGER', mode: 'NULLABLE' }]));

let next = 0;
async function append(): Promise<never> {
  for (;;) {
    const first = next;
    next += 50;
    await store.append(
      ref,
      Array.from({ length: 50 }, (_, i) => [BigInt(first + i)]),
    );
    process.stdout.write(`${first}\n`);
  }
}
await Promise.all([append(), append(), append(), append()]);
