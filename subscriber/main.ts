import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import type { TableLayout } from '../shared/columns.ts';
import type { Relay, RelayStream } from '../shared/config.ts';
import { RelayError } from '../shared/error.ts';
import { sources } from '../shared/sources/registry.ts';
import { relay } from '../tributary.config.ts';
import { openWriteClient, type WriteClient } from './bigquery/client.ts';
import { createEncoder } from './bigquery/encode.ts';
import { ensureTable } from './bigquery/tables.ts';
import { TableWriter } from './bigquery/writer.ts';
import { deadLetterLayout } from './dead-letters.ts';
import { readEnvironment } from './environment.ts';
import { ExportQueue } from './export-queue.ts';
import { type Log, logToStdout } from './log.ts';
import { Pipeline } from './pipeline.ts';
import { openSubscription } from './subscription.ts';
import { TableQueue } from './table-queue.ts';

export interface Subscriber {
  /** Writes and acks what is in hand, gives the rest back, and closes; within `stopWithinMs`. */
  stop(): Promise<void>;
}

/** How long what is on the wire may take to be answered when the subscriber stops. */
const appendGraceMs = 1000;
/** Pub/Sub's client keeps the last second of this for giving back what was not written. */
const closeWithinMs = 2200;

/**
 * Opens the tables, then the subscription, and relays until it is stopped.
 *
 * @param onFailure the subscription can't be pulled from any more, and no waiting mends that
 * @throws RelayError `environment.invalid`, `table.incompatible`, `bigquery.credentials`
 */
export async function startSubscriber(
  environment: NodeJS.ProcessEnv,
  onFailure: () => void,
): Promise<Subscriber> {
  const log = logToStdout;
  const { storageEndpoint, exportApis } = readEnvironment(environment, relay);
  const bigquery = new BigQuery({ projectId: relay.project, location: relay.location });
  const client = await openWriteClient({
    projectId: relay.project,
    ...(storageEndpoint && { endpoint: storageEndpoint }),
  });
  const open = (name: string, layout: TableLayout) =>
    openTable(name, layout, { relay, bigquery, client, log });

  const [deadLetters, ...opened] = await Promise.all([
    open(relay.deadLetters, deadLetterLayout),
    ...rowStreams(relay).map(({ stream, layout }) => open(stream.table, layout)),
  ]);
  const tables = new Map(
    rowStreams(relay).flatMap(({ stream }, index) => {
      const table = opened[index];
      return table ? [[stream.name, table] as const] : [];
    }),
  );
  const exports = new ExportQueue({
    relay,
    bigquery,
    apis: exportApis,
    directory: tmpdir(),
    log,
  });
  const pipeline = new Pipeline({
    relay,
    tables,
    deadLetters,
    loadExport: (stream, announcement) => exports.load(stream.name, announcement),
    log,
  });

  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await openSubscription(pubsub, relay, closeWithinMs);
  subscription.on('message', (message) => void pipeline.take(message));
  subscription.on('error', (error) => {
    log({ severity: 'ERROR', message: 'the subscription failed', cause: error.message });
    onFailure();
  });
  log({ severity: 'INFO', message: 'the subscriber is ready', subscription: relay.subscription });

  return {
    async stop() {
      // Closing stops the pull at once, and then waits for the acks of what is in hand.
      const closed = subscription.close();
      await Promise.all([exports.close(), ...opened.map((table) => table.close(appendGraceMs))]);
      // Last: until now, what is in hand may still turn out to be a dead letter.
      await deadLetters.close(appendGraceMs);
      await closed;
      await Promise.all([pubsub.close(), client.close()]);
    },
  };
}

function rowStreams(relay: Relay): { stream: RelayStream; layout: TableLayout }[] {
  return [...relay.streams.values()].flatMap((stream) => {
    const source = sources[stream.source];
    return source.delivers === 'rows' ? [{ stream, layout: source.layout(stream) }] : [];
  });
}

interface TableDependencies {
  relay: Relay;
  bigquery: BigQuery;
  client: WriteClient;
  log: Log;
}

/** @param name `dataset.table` */
async function openTable(
  name: string,
  layout: TableLayout,
  { relay, bigquery, client, log }: TableDependencies,
): Promise<TableQueue> {
  const [dataset = '', table = ''] = name.split('.');
  const ensure = () => ensureTable(bigquery, { dataset, table }, layout, relay.location);
  await ensure();
  const encoder = createEncoder(layout, Date.now);
  const writer = new TableWriter(client, {
    table: `projects/${relay.project}/datasets/${dataset}/tables/${table}`,
    descriptor: encoder.descriptor,
    onFailure: ({ reaction, message }) => {
      log({
        severity: 'WARNING',
        message: 'not written, trying again',
        table: name,
        reaction,
        cause: message,
      });
    },
  });
  return new TableQueue({
    encoder,
    writer,
    async onSetupFailure(reason) {
      log({ severity: 'ERROR', message: 'BigQuery refuses every row', table: name, cause: reason });
      // It may have been deleted. Whatever else is wrong a person must mend; until then the rows wait.
      await ensure().catch(() => {});
    },
  });
}

if (import.meta.main) {
  try {
    const subscriber = await startSubscriber(process.env, () => process.exit(1));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void subscriber.stop().then(() => process.exit(0)));
    }
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    logToStdout({ severity: 'ERROR', message: error.message, code: error.code });
    process.exitCode = 1;
  }
}
