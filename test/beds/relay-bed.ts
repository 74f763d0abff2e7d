import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import { startWorkerd } from '../../bench/edge/workerd.ts';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { bundle, startEdge } from '../../local/edge.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import { makeSecrets } from '../../local/secrets.ts';
import type { Relay } from '../../shared/config/config.ts';
import { sources } from '../../shared/sources/registry.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import type { Subscriber } from '../../subscriber/service/modes.ts';
import { select } from './relay-process.ts';

const compatibilityDate = '2026-11-01';
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Short: tests wait for what was dropped to be counted. */
const reportEveryMs = 200;

export interface RelayBedOptions {
  /** The text of each stream's config, as tributary.config.ts would have it; `p` is the package `tributary-relay`. */
  streams: Readonly<Record<string, string>>;
  /** By name. What a stream needs and is not here is made up. */
  secrets: Readonly<Record<string, string>>;
  edge: EdgeKind;
}

/** A row of a stream's table. JSON is parsed; times are ISO 8601, without zeros at the end of a fraction. */
export interface StoredRow {
  stream: string;
  deliveryId: string;
  cells: Record<string, unknown>;
}

/** The edge as `npm start` runs it, or workerd alone, with nothing before the Worker. */
export type EdgeKind = 'miniflare' | 'workerd';

/**
 * A whole relay on this machine, as the config says: the Worker in workerd, the subscriber, Pub/Sub and BigQuery.
 * The edge limits no failed tries.
 */
export class RelayBed {
  readonly relay: Relay;
  readonly port: number;
  readonly bigquery: BigQuery;
  readonly subscriber: Subscriber;
  /** The subscriber's log. */
  readonly lines: readonly object[];
  readonly #stop: (() => Promise<unknown>)[];

  constructor(
    relay: Relay,
    port: number,
    bigquery: BigQuery,
    subscriber: Subscriber,
    lines: readonly object[],
    stop: (() => Promise<unknown>)[],
  ) {
    this.relay = relay;
    this.port = port;
    this.bigquery = bigquery;
    this.subscriber = subscriber;
    this.lines = lines;
    this.#stop = stop;
  }

  async stop(): Promise<void> {
    for (const part of this.#stop.toReversed()) await part();
  }

  /** All that is in the streams' tables. */
  async rows(): Promise<StoredRow[]> {
    const found: StoredRow[] = [];
    for (const stream of this.relay.streams.values()) {
      const source = sources[stream.source];
      if (source.delivers !== 'rows') continue;
      const { columns } = source.layout(stream);
      const names = columns.map(({ name, type }) =>
        otherTypes.has(type) ? name : `${asJson(name, type)} AS ${name}`,
      );
      const query = `SELECT ${names.join(', ')} FROM ${stream.table}`;
      for (const row of await select<Record<string, Cell>>(this.bigquery, query)) {
        const cells = Object.fromEntries(
          Object.entries(row).map(([name, cell]) => [name, plainCell(cell)]),
        );
        const deliveryId = String(cells['delivery_id'] ?? cells['hit_id']);
        found.push({ stream: stream.name, deliveryId, cells });
      }
    }
    return found;
  }

  /** The deliveries that are a row, or a dead letter because they can be none. */
  async storedIds(): Promise<Set<string>> {
    const ids = new Set<string>();
    const queries = [...this.relay.streams.values()].map(({ table, source }) => {
      const column = source === 'segmentstream' ? 'hit_id' : 'delivery_id';
      return `SELECT DISTINCT ${column} AS id FROM ${table}`;
    });
    queries.push(
      `SELECT DISTINCT delivery_id AS id FROM ${this.relay.deadLetters} WHERE NOT written_in_part`,
    );
    for (const query of queries) {
      for (const { id } of await select<{ id: string }>(this.bigquery, query)) ids.add(id);
    }
    return ids;
  }

  /** What became no row, or one in part. */
  async deadLetters(): Promise<Record<string, unknown>[]> {
    return await select(this.bigquery, `SELECT * FROM ${this.relay.deadLetters}`);
  }

  /** How many events the filters dropped. */
  async dropped(): Promise<number> {
    const query = 'SELECT SUM(dropped) AS dropped FROM tributary.census';
    const [row] = await select<{ dropped: number | null }>(this.bigquery, query);
    return row?.dropped ?? 0;
  }
}

export async function startRelayBed(options: RelayBedOptions): Promise<RelayBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-relay-'));
  const stop = [() => rm(directory, { recursive: true, force: true })];
  try {
    return await startIn(directory, options, stop);
  } catch (error) {
    for (const part of stop.toReversed()) await part();
    throw error;
  }
}

async function startIn(
  directory: string,
  { streams, secrets, edge: kind }: RelayBedOptions,
  stop: (() => Promise<unknown>)[],
): Promise<RelayBed> {
  const relay = await writeRelay(directory, streams);
  const [bigqueryServer, pubsubServer] = await Promise.all([
    startBigQuery({ restPort: 0, grpcPort: 0, directory: join(directory, 'bigquery') }),
    startPubsub({ port: 0, directory: join(directory, 'pubsub') }),
  ]);
  stop.push(
    () => bigqueryServer.stop(),
    () => pubsubServer.stop(),
  );
  const environment = {
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubServer.port}`,
    BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigqueryServer.restPort}`,
    BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
  };
  // Google's clients read them by themselves.
  Object.assign(process.env, environment);
  const lines: object[] = [];
  const settings = { relay, log: (line: object) => void lines.push(line) };
  const subscriber = await startSubscriber({ ...process.env, ...environment }, () => {}, settings);
  stop.push(() => subscriber.stop());
  const edge = await edges[kind](directory, {
    ...makeSecrets(relay),
    ...secrets,
    PUBSUB_ENDPOINT: `http://127.0.0.1:${pubsubServer.port}`,
  });
  stop.push(() => edge.stop());
  const bigquery = connectBigQuery(relay.project, bigqueryServer.restPort);
  return new RelayBed(relay, edge.port, bigquery, subscriber, lines, stop);
}

/** As a number, a NUMERIC with a fraction is no exact JSON: TO_JSON_STRING makes it a string. */
function asJson(name: string, type: string): string {
  return type === 'NUMERIC' ? `CAST(${name} AS STRING)` : `TO_JSON_STRING(${name})`;
}

/** Whose values are no JSON. */
const otherTypes = new Set(['DATE', 'DATETIME', 'TIME', 'TIMESTAMP', 'FLOAT64']);

/** As Google's client gives it: JSON text, a number, or a time. */
type Cell = string | number | { value: string } | null;

function plainCell(cell: Cell): unknown {
  if (typeof cell === 'string') return JSON.parse(cell);
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : String(cell);
  return (
    cell?.value.replace(/(\.\d*?)0+Z$/, (_, kept: string) => `${kept.replace(/\.$/, '')}Z`) ?? null
  );
}

const edges: Record<
  EdgeKind,
  (
    directory: string,
    bindings: Record<string, string>,
  ) => Promise<{ port: number; stop(): Promise<void> }>
> = {
  miniflare: (directory, bindings) =>
    startEdge({ port: 0, wranglerConfig: join(directory, 'wrangler.toml'), bindings }),
  workerd: async (directory, bindings) =>
    startWorkerd({ source: await bundle(join(directory, 'main.ts')), compatibilityDate, bindings }),
};

/** Writes the config, and a Worker that serves it, into a folder. */
async function writeRelay(
  directory: string,
  streams: Readonly<Record<string, string>>,
): Promise<Relay> {
  const from = (path: string) => JSON.stringify(join(root, path));
  const lines = Object.entries(streams).map(
    ([name, config]) => `    ${JSON.stringify(name)}: ${config},\n`,
  );
  const config = `import { absmartly, datanostro, defineRelay, generic, segmentstream } from 'tributary-relay';
import * as p from 'tributary-relay';

export const sources = { absmartly, datanostro, generic, segmentstream, presets: p };

export const relay = defineRelay({
  project: 'test-project',
  publicUrl: 'https://hooks.example.com',
  streams: {
${lines.join('')}  },
});
`;
  const worker = `import { createEdge } from ${from('worker/relay.ts')};
import { relay } from './relay.ts';

const edge = createEdge(relay, { reportEveryMs: ${reportEveryMs} });
export default { fetch: edge.fetch, queue: edge.queue };
`;
  const wrangler = `name = "tributary"
main = "main.ts"
compatibility_date = "${compatibilityDate}"
`;
  // As in a project that depends on the package.
  await mkdir(join(directory, 'node_modules'));
  await symlink(root, join(directory, 'node_modules/tributary-relay'));
  await writeFile(join(directory, 'relay.ts'), config);
  await writeFile(join(directory, 'main.ts'), worker);
  await writeFile(join(directory, 'wrangler.toml'), wrangler);
  const written = pathToFileURL(join(directory, 'relay.ts')).href;
  const { relay } = (await import(/* @vite-ignore */ written)) as { relay: Relay };
  return relay;
}
