import { setTimeout as sleep } from 'node:timers/promises';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { expect, it, onTestFinished, vi } from 'vitest';
import { sampleExport, zipFiles } from '../../../local/absmartly/sample-export.ts';
import { startBigQuery } from '../../../local/bigquery/main.ts';
import { connectPubsub } from '../../../local/google-clients.ts';
import { startPubsub } from '../../../local/pubsub/main.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { toAttributes } from '../../../shared/envelope.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { startSubscriber } from '../../../subscriber/main.ts';
import { clientOf } from '../../beds/bigquery-client.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';
import { temporaryDirectory } from '../../beds/temporary-files.ts';

/** The shortest lease of Pub/Sub. It expires during the export unless it is extended. */
const leaseSeconds = 10;
const heldMs = 14_000;

const announced = JSON.stringify({
  event_name: 'ExperimentDataExportReady',
  id: 42,
  metadata: { download_url: '/v1/experiments/exports/15/experiment_42_export.zip' },
});

const { files } = sampleExport(15, 42);
const rowsOfSample = files.reduce((sum, { rows }) => sum + rows, 0);

/** The servers, and their addresses in the environment, until the test is over. */
async function startGoogle(relay: Relay) {
  const directory = await temporaryDirectory();
  const pubsubServer = await startPubsub({ port: 0, directory: `${directory}/pubsub` });
  onTestFinished(() => pubsubServer.stop());
  const settings = { restPort: 0, grpcPort: 0, directory: `${directory}/bigquery` };
  const bigqueryServer = await startBigQuery(settings);
  onTestFinished(() => bigqueryServer.stop());
  const rest = `http://127.0.0.1:${bigqueryServer.restPort}`;
  vi.stubEnv('PUBSUB_EMULATOR_HOST', `127.0.0.1:${pubsubServer.port}`);
  vi.stubEnv('BIGQUERY_EMULATOR_HOST', rest);
  onTestFinished(() => void vi.unstubAllEnvs());
  const pubsub = connectPubsub(relay.project, pubsubServer.port);
  onTestFinished(() => pubsub.close());
  await pubsub.createTopic(relay.topic);
  await pubsub.createSubscription(relay.topic, relay.subscription, {
    ackDeadlineSeconds: leaseSeconds,
  });
  return {
    pubsub,
    bigquery: clientOf(rest),
    environment: {
      AB_API_KEY: 'the-key',
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
    },
  };
}

async function publish(pubsub: PubSub, relay: Relay, stream: string, bodies: string[]) {
  const topic = pubsub.topic(relay.topic);
  await Promise.all(
    bodies.map((body) => {
      const attributes = toAttributes({ stream, deliveryId: uuidv7(), receivedAt: Date.now() });
      return topic.publishMessage({ data: Buffer.from(body), attributes });
    }),
  );
}

/** Messages that another subscriber gets, because their leases expired. */
async function redelivered(pubsub: PubSub, relay: Relay, forMs: number): Promise<string[]> {
  const given: string[] = [];
  const other = pubsub.subscription(relay.subscription);
  other.on('message', (message) => given.push(message.data.toString()));
  await sleep(forMs);
  await other.close();
  return given;
}

it('an export keeps its lease however long it takes, and rows do not wait for it', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const zip = await zipFiles(files);
  const sender = await startSenderBed((_, response) => void held.then(() => response.end(zip)));
  const relay = defineRelay({
    project: 'local-project',
    streams: {
      ab: absmartly({ table: 'ab.exports', apiUrl: sender.url, tablePerExperiment: true }),
      crm: segmentstream({ table: 'crm.orders' }),
    },
  });
  const { pubsub, bigquery, environment } = await startGoogle(relay);
  const subscriber = await startSubscriber(environment, () => {}, { relay, log: () => {} });
  onTestFinished(() => subscriber.stop());
  const count = async (table: string) => {
    const [rows] = await bigquery.query(`SELECT COUNT(*) AS n FROM ${table}`);
    return (rows as { n: number }[])[0]?.n;
  };
  const pollOptions = { timeout: 30_000, interval: 200 };

  await publish(pubsub, relay, 'ab', [announced]);
  await expect.poll(() => sender.requests.length, pollOptions).toBe(1);
  await publish(pubsub, relay, 'crm', ['{"a":1}', '{"a":2}']);
  await expect.poll(() => count('crm.orders'), pollOptions).toBe(2);

  expect(await redelivered(pubsub, relay, heldMs)).toEqual([]);
  await publish(pubsub, relay, 'crm', ['{"a":3}']);
  await expect.poll(() => count('crm.orders'), pollOptions).toBe(3);

  release();
  const table = 'ab.experiment_42_exports';
  await expect.poll(() => count(table).catch(() => 0), pollOptions).toBe(rowsOfSample);
  expect(sender.requests).toHaveLength(1);
}, 120_000);
