import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import { type SenderBed, startSenderBed } from '../beds/sender-bed.ts';
import { type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';

const relay = defineRelay({
  project: 'test-project',
  streams: {
    plain: segmentstream({ table: 'shop.plain' }),
    keyed: datanostro({ table: 'shop.keyed', key: ['delivery_id'] }),
    exports: absmartly({ table: 'shop.exports' }),
  },
});

describe('a stop', { timeout: 60_000 }, () => {
  let bed: SubscriberBed;
  let sender: SenderBed;

  beforeEach(async () => {
    bed = await startSubscriberBed();
    sender = await startSenderBed((_, response) => response.writeHead(503).end());
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await bed.stop();
  });

  /** @param stopSeconds how long its stop may take */
  async function start(stopSeconds: number, onFailure = () => {}) {
    // Google's clients read it by themselves.
    for (const [name, value] of Object.entries(bed.environment)) vi.stubEnv(name, value);
    const environment = {
      ...process.env,
      STOP_WITHIN_SECONDS: String(stopSeconds),
      EXPORTS_API_KEY: 'the-key',
      EXPORTS_API_URL: sender.url,
    };
    const log: Record<string, unknown>[] = [];
    const settings = { relay, log: (line: (typeof log)[0]) => void log.push(line) };
    const subscriber = await startSubscriber(environment, onFailure, settings);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= subscriber.stop();
      return stopped;
    };
    onTestFinished(stop);
    return { subscriber, stop, log };
  }

  it('gives back what no table takes, by itself, before its time is over', async () => {
    bed.bigqueryFaults.add({ name: 'append.frozen', on: '/tables/plain', times: 'always' });
    const { subscriber, stop } = await start(5);
    await bed.publish('plain', 5);
    await expect.poll(() => subscriber.inFlight).toBe(5);
    await stop();
    // Pub/Sub's client would nack what is left, unseen, and only when the time is over.
    expect(subscriber).toMatchObject({ inFlight: 0, nacked: 5, acked: 0 });
  });

  it('writes what waits for a table before it ends', async () => {
    const { subscriber, stop } = await start(8);
    const ids = await bed.publish('plain', 5);
    await expect.poll(() => subscriber.pulled).toBe(5);
    await stop();
    expect(subscriber).toMatchObject({ inFlight: 0, nacked: 0, acked: 5 });
    expect(new Set((await bed.counts('plain')).keys())).toEqual(new Set(ids));
  });

  it('takes nothing more once it has begun, while what is in hand may still be written', async () => {
    bed.bigqueryFaults.add({ name: 'append.frozen', on: '/tables/plain', times: 'always' });
    const { subscriber, stop } = await start(5);
    await bed.publish('plain', 1);
    await expect.poll(() => subscriber.inFlight).toBe(1);
    const stopped = stop();
    await bed.publish('plain', 20);
    await stopped;
    expect(subscriber).toMatchObject({ pulled: 1, nacked: 1, inFlight: 0 });
  });

  it('stores the dead letter that the last answer of a table makes', async () => {
    const on = '/tables/keyed';
    // The first struck: by the time that it is refused, the stop has begun.
    bed.bigqueryFaults.add({ name: 'append.status', on, times: 3 });
    bed.bigqueryFaults.add({ name: 'append.bad-row', on, contains: 'refused' });
    const { subscriber, stop } = await start(8);
    const ids = await bed.publish('keyed', 1, () => '{"id":"refused"}');
    await expect.poll(() => subscriber.inFlight).toBe(1);
    await stop();
    expect(subscriber).toMatchObject({ acked: 1, nacked: 0, deadLettersWritten: 1 });
    expect(await bed.deadLetters('refused')).toEqual(ids);
  });

  it('gives back a dead letter that BigQuery refuses, and an export whose sender is away', async () => {
    const mark = 'refused-by-bigquery';
    const on = '/tables/dead_letters';
    bed.bigqueryFaults.add({ name: 'append.bad-row', on, contains: mark });
    const { subscriber, stop, log } = await start(2);
    await bed.publish('keyed', 1, () => mark);
    const download_url = '/v1/experiments/exports/7/x.zip';
    await bed.publish('exports', 1, () =>
      JSON.stringify({ event_name: 'ExperimentDataExportReady', metadata: { download_url } }),
    );
    // By then it waits for its next try longer than the stop may take.
    const refusal = 'BigQuery refuses a dead letter; it stays in flight and is tried again';
    const tries = () => log.filter(({ message }) => message === refusal).length;
    await expect.poll(tries).toBeGreaterThanOrEqual(3);
    expect(subscriber.readiness.problem).toContain('refuses: 1');
    await expect.poll(() => sender.requests.length).toBeGreaterThan(0);
    await stop();
    expect(subscriber).toMatchObject({ acked: 0, nacked: 2, inFlight: 0 });
  });

  it('is asked for when there is no subscription to pull from any more', async () => {
    const failed = Promise.withResolvers<void>();
    const { log } = await start(5, failed.resolve);
    await bed.pubsub.subscription(relay.subscription).delete();
    await failed.promise;
    expect(log).toContainEqual(
      expect.objectContaining({ severity: 'ERROR', message: 'the subscription failed' }),
    );
  });
});
