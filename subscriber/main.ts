import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import { RelayError } from '../shared/error.ts';
import { relay } from '../tributary.config.ts';
import { readEnvironment } from './environment.ts';
import { ExportQueue } from './export-queue.ts';
import { logToStdout } from './log.ts';
import { openTables } from './open-tables.ts';
import { Pipeline } from './pipeline.ts';
import { openSubscription, pullLimits } from './subscription.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface Subscriber {
  /** Writes and acks what is in hand, gives the rest back, and closes; within `stopWithinMs`. */
  stop(): Promise<void>;
}

/** How long what is on the wire may take to be answered when the subscriber stops. */
const appendGraceMs = 1000;
/** Pub/Sub's client keeps the last second of this for giving back what was not written. */
const closeWithinMs = 2200;
/** Of what the pull may have out: the client counts a message until its ack is sent, 0.1 s later. */
const fullAt = 0.85;

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
  const room = new WaitingRoom({
    messages: pullLimits.messages * fullAt,
    bytes: pullLimits.bytes * fullAt,
  });
  const tables = await openTables({
    relay,
    bigquery,
    ...(storageEndpoint && { storageEndpoint }),
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
  const pipeline = new Pipeline({
    relay,
    tables: tables.rows,
    deadLetters: tables.deadLetters,
    room,
    loadExport: (stream, announcement) => exports.load(stream.name, announcement),
    log,
  });

  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await openSubscription(pubsub, relay, closeWithinMs, log);
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
      await Promise.all([exports.close(), tables.close(appendGraceMs)]);
      await closed;
      await pubsub.close();
    },
  };
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
