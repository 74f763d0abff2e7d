import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import type { Relay } from '../shared/config/config.ts';
import { openTables } from './bigquery/tables/open-tables.ts';
import { DeadLetterQueue } from './dead-letters/dead-letter-queue.ts';
import { readEnvironment } from './environment.ts';
import { ExportQueue } from './exports/export-queue.ts';
import { type Log, logToStdout } from './log.ts';
import { runMode } from './modes.ts';
import { Pipeline } from './pipeline.ts';
import type { Work } from './pull/drain.ts';
import { openSubscription, pullLimits } from './pull/subscription.ts';
import { WaitingRoom } from './pull/waiting-room.ts';
import { loadRelay } from './service/load-relay.ts';
import { type Readiness, readinessOf } from './service/readiness.ts';
import { keepHeapSmall, subscriberHeap } from './service/small-heap.ts';
import { readStopTime } from './service/stop-time.ts';

export interface Subscriber extends Work {
  readonly rowsWritten: number;
  readonly deadLettersWritten: number;
  readonly readiness: Readiness;
  /** Writes and acks what is in hand, gives the rest back, and closes; within `STOP_WITHIN_SECONDS`. */
  stop(): Promise<void>;
}

export interface SubscriberSettings {
  /** That of tributary.config.ts by default. */
  relay?: Relay;
  log?: Log;
  /** How long an append may stay unanswered; 30 s by default. */
  appendTimeoutMs?: number;
}

/** Of what the pull may have out: the client counts a message until its ack is sent, 0.1 s later. */
const fullAt = 0.85;

/**
 * Opens the tables, then the subscription, and relays until it is stopped.
 *
 * @param onFailure the subscription can't be pulled from any more, and no waiting mends that
 * @throws RelayError `config.*`, `environment.invalid`, `bigquery.credentials`, `subscription.dead-letter-topic`
 */
export async function startSubscriber(
  environment: NodeJS.ProcessEnv,
  onFailure: () => void,
  settings: SubscriberSettings = {},
): Promise<Subscriber> {
  const { log = logToStdout, appendTimeoutMs } = settings;
  const relay = settings.relay ?? (await loadRelay());
  const { storageEndpoint, exportApis } = readEnvironment(environment, relay);
  const stopTime = readStopTime(environment);
  const bigquery = new BigQuery({ projectId: relay.project, location: relay.location });
  const room = new WaitingRoom({
    messages: pullLimits.messages * fullAt,
    bytes: pullLimits.bytes * fullAt,
  });
  const tables = await openTables({
    relay,
    bigquery,
    ...(storageEndpoint && { storageEndpoint }),
    ...(appendTimeoutMs !== undefined && { appendTimeoutMs }),
    room,
    log,
  });
  const exports = new ExportQueue({
    relay,
    bigquery,
    apis: exportApis,
    directory: tmpdir(),
    log,
  });
  const deadLetters = new DeadLetterQueue({ table: tables.deadLetters, room, log });
  const pipeline = new Pipeline({
    relay,
    tables: tables.rows,
    deadLetters,
    room,
    loadExport: (stream, announcement) => exports.load(stream.name, announcement),
    log,
  });

  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await openSubscription(pubsub, relay, stopTime.withinMs, log);
  subscription.on('message', (message) => void pipeline.take(message));
  subscription.on('error', (error) => {
    log({ severity: 'ERROR', message: 'the subscription failed', cause: error.message });
    onFailure();
  });
  log({ severity: 'INFO', message: 'the subscriber is ready', subscription: relay.subscription });

  return {
    get taken() {
      return pipeline.taken;
    },
    get acked() {
      return pipeline.acked;
    },
    get givenBack() {
      return pipeline.givenBack;
    },
    get inHand() {
      return room.messages;
    },
    get rowsWritten() {
      return [...tables.rows.values()].reduce((sum, table) => sum + table.rowsWritten, 0);
    },
    get deadLettersWritten() {
      return tables.deadLetters.rowsWritten;
    },
    get readiness() {
      const refused = tables.deadLetters.isRefused ? 'all' : deadLetters.refused;
      const health = [...tables.rows].map(([stream, { isRefused, rowsWritten }]) => ({
        stream,
        isRefused,
        rowsWritten,
      }));
      return readinessOf(health, refused);
    },
    async stop() {
      // Closing stops the pull at once, and then waits for the acks of what is in hand.
      const closed = subscription.close();
      deadLetters.close();
      await Promise.all([exports.close(), tables.close(stopTime.graceMs)]);
      await closed;
      await pubsub.close();
    },
  };
}

if (import.meta.main) {
  keepHeapSmall(subscriberHeap);
  const { argv, env } = process;
  process.exit(await runMode(argv.slice(2), env, (onFailure) => startSubscriber(env, onFailure)));
}
