import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeSecrets, type Secrets } from '../../local/secrets.ts';
import type { Relay } from '../../shared/config/config.ts';

/** One stream for each way of proving who sends, and each kind of table. */
const config = `import { absmartly, datanostro, defineRelay, generic, segmentstream } from 'tributary-relay';

const columns = {
  id: { type: 'STRING', from: '$.id', required: true },
  delivery_id: { type: 'STRING', from: 'delivery:id' },
  received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
  payload: { type: 'JSON', from: '$' },
};

export const relay = defineRelay({
  project: 'faults-project',
  topic: 'faults',
  subscription: 'faults',
  streams: {
    // A key in the path, any body, appended.
    raw: segmentstream({ table: 'faults.raw' }),
    // HMAC in hex, a filter, appended.
    events: datanostro({
      table: 'faults.events',
      filter: { event: '^(purchase|page\\\\.view)$' },
    }),
    // A signed time, one row for each order.
    orders: generic({
      scheme: 'standard-webhooks', table: 'faults.orders', key: ['id'],
      columns: { ...columns, version: { type: 'INT64', from: '$.version', required: true } },
    }),
    // Columns of many types; values that do not fit.
    typed: generic({
      scheme: 'stripe', table: 'faults.typed',
      columns: {
        ...columns,
        count: { type: 'INT64', from: '$.count', required: true },
        sum: { type: 'NUMERIC', from: '$.sum' },
        ratio: { type: 'FLOAT64', from: '$.ratio' },
        on: { type: 'BOOL', from: '$.on' },
        at: { type: 'TIMESTAMP', from: '$.at' },
        day: { type: 'DATE', from: '$.day' },
        note: { type: 'STRING', from: '$.note' },
        more: { type: 'JSON', from: '$.more' },
      },
    }),
    // Several events in a delivery.
    lists: generic({
      scheme: 'github', table: 'faults.lists', each: '$',
      columns: { ...columns, position: { type: 'INT64', from: 'event:index' } },
    }),
    // Forms, with a bearer token.
    forms: generic({ scheme: 'bearer', body: 'form', table: 'faults.forms', columns }),
    ab: absmartly({ table: 'faults.exports', apiUrl: 'http://127.0.0.1:9' }),
  },
});
`;

export interface Project {
  path: string;
  config: string;
  relay: Relay;
  secrets: Secrets;
}

/** A user's own project, which has the product as its package `tributary-relay`. */
export async function makeProject(directory: string, root: string): Promise<Project> {
  const path = join(directory, 'project');
  mkdirSync(join(path, 'node_modules'), { recursive: true });
  symlinkSync(root, join(path, 'node_modules', 'tributary-relay'));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ type: 'module' }));
  const file = join(path, 'tributary.config.ts');
  writeFileSync(file, config);
  const { relay } = (await import(pathToFileURL(file).href)) as { relay: Relay };
  return { path, config: file, relay, secrets: makeSecrets(relay) };
}
