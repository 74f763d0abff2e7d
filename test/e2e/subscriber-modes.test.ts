import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type SubscriberBed,
  type SubscriberProcess,
  startSubscriberBed,
} from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';

describe('the subscriber’s modes', { timeout: 120_000 }, () => {
  let bed: SubscriberBed;
  const running = new Set<SubscriberProcess>();

  beforeAll(async () => {
    bed = await startSubscriberBed();
    // What is published before there is a subscription is nobody's.
    await bed.pubsub.createTopic(relay.topic);
    await bed.pubsub.createSubscription(relay.topic, relay.subscription);
  });

  afterAll(async () => {
    for (const subscriber of running) await subscriber.kill('SIGKILL');
    await bed.stop();
  });

  function spawn(...args: Parameters<SubscriberBed['spawn']>): SubscriberProcess {
    const subscriber = bed.spawn(...args);
    running.add(subscriber);
    return subscriber;
  }

  const said = (subscriber: SubscriberProcess, message: string) =>
    subscriber.lines.find((line) => line['message'] === message);

  async function ready(subscriber: SubscriberProcess): Promise<void> {
    await expect
      .poll(() => said(subscriber, 'the subscriber is ready'), { timeout: 30_000 })
      .toBeDefined();
  }

  it('drain: writes what there is, says how much, and ends', async () => {
    const ids = await bed.publish('keyed', 700);
    const dead = await bed.publish('keyed', 1, () => 'not json');
    const subscriber = spawn(['drain', '--quiet-seconds', '1']);
    expect(await subscriber.exited()).toBe(0);
    expect(said(subscriber, 'the subscription is empty')).toMatchObject({
      rows: 700,
      dead_letters: 1,
    });
    const counts = await bed.counts('keyed');
    expect(new Set(counts.keys())).toEqual(new Set(ids));
    expect(counts.has(dead[0] ?? '')).toBe(false);

    const again = spawn(['drain', '--quiet-seconds', '1']);
    expect(await again.exited()).toBe(0);
    expect(said(again, 'the subscription is empty')).toMatchObject({ rows: 0, dead_letters: 0 });
  });

  it('serve: is live at once, ready when it pulls, and not any more when it stops', async () => {
    const subscriber = spawn(['serve'], { HEALTH_PORT: '0', PORT: '1' });
    await expect
      .poll(() => said(subscriber, 'health checks are answered'), { timeout: 30_000 })
      .toBeDefined();
    const port = Number(said(subscriber, 'health checks are answered')?.['port']);
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    expect(await status('/livez')).toBe(200);
    expect(await status('/')).toBe(404);
    await expect.poll(() => status('/readyz'), { timeout: 30_000 }).toBe(200);
    expect(said(subscriber, 'the subscriber is ready')).toBeDefined();
    expect(await subscriber.kill('SIGTERM')).toBe(0);
    await expect(status('/livez')).rejects.toThrow();
  });

  it('serve: holds a dead letter that BigQuery refuses, and is not ready until it is stored', async () => {
    const mark = 'refused-by-bigquery';
    const on = '/tables/dead_letters/';
    bed.bigqueryFaults.add({ name: 'append.bad-row', on, contains: mark });
    const subscriber = spawn(['serve'], { HEALTH_PORT: '0' });
    await ready(subscriber);
    const port = Number(said(subscriber, 'health checks are answered')?.['port']);
    const health = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      return [response.status, (await response.text()).trim()];
    };
    const [id = ''] = await bed.publish('keyed', 1, () => mark);
    await expect
      .poll(health, { timeout: 30_000 })
      .toEqual([503, 'not ready: dead letters that BigQuery refuses: 1']);
    // Whatever else comes is written meanwhile, and the letter does not go round.
    const others = await bed.publish('keyed', 50);
    const [dead = ''] = await bed.publish('keyed', 1, () => 'not json');
    const written = async () => {
      const counts = await bed.counts('keyed');
      return others.filter((other) => counts.has(other)).length;
    };
    await expect.poll(written, { timeout: 30_000 }).toBe(50);
    await expect.poll(() => bed.deadLetters('not json'), { timeout: 30_000 }).toContain(dead);
    expect(await bed.deadLetters(mark)).toEqual([]);
    expect(said(subscriber, 'dead letter not stored')).toBeUndefined();
    const refusal = 'BigQuery refuses a dead letter; it stays in flight and is tried again';
    expect(said(subscriber, refusal)).toMatchObject({ severity: 'ERROR', delivery_id: id });

    bed.bigqueryFaults.clear();
    await expect.poll(health, { timeout: 60_000 }).toEqual([200, 'ok']);
    expect(await bed.deadLetters(mark)).toEqual([id]);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
  });

  it('serve: stops while its start hangs at Google’s', async () => {
    bed.bigqueryFaults.add({ name: 'rest.hang', on: 'dead_letters' });
    const subscriber = spawn(['serve']);
    await expect.poll(() => bed.bigqueryFaults.list()[0]?.struck, { timeout: 30_000 }).toBe(1);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
    expect(said(subscriber, 'the subscriber is ready')).toBeUndefined();
    bed.bigqueryFaults.clear();
  });

  it('serve: a table that can’t be opened holds up no other, and has its rows later', async () => {
    const on = '/tables/plain';
    bed.bigqueryFaults.add({ name: 'rest.status', status: 403, on, times: 'always' });
    const code = 'PERMISSION_DENIED';
    bed.bigqueryFaults.add({ name: 'append.status', code, on, times: 'always' });
    const subscriber = spawn(['serve']);
    await ready(subscriber);
    const message = 'the table could not be opened: its rows wait, and opening is tried again';
    expect(said(subscriber, message)).toMatchObject({ severity: 'ERROR', table: 'shop.plain' });
    const waiting = await bed.publish('plain', 50);
    const others = await bed.publish('keyed', 50);
    const written = async (stream: string, ids: string[]) => {
      const counts = await bed.counts(stream);
      return ids.filter((id) => counts.has(id)).length;
    };
    await expect.poll(() => written('keyed', others), { timeout: 30_000 }).toBe(50);
    expect(await written('plain', waiting)).toBe(0);
    bed.bigqueryFaults.clear();
    await expect.poll(() => written('plain', waiting), { timeout: 60_000 }).toBe(50);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
  });

  it.each([
    [['sreve'], {}, 'arguments.invalid'],
    [['drain', '--quiet-seconds', 'soon'], {}, 'arguments.invalid'],
    [['serve', '--fast'], {}, 'arguments.invalid'],
    [['serve'], { HEALTH_PORT: 'http' }, 'environment.invalid'],
    [['serve'], { HEALTH_PORT: '0', HEALTH_HOST: 'all' }, 'environment.invalid'],
    [['serve'], { STOP_WITHIN_SECONDS: 'soon' }, 'environment.invalid'],
  ])('%j with %j is refused: %s', async (args, environment, code) => {
    const subscriber = spawn(args, environment);
    expect(await subscriber.exited()).toBe(1);
    expect(subscriber.lines.at(-1)).toMatchObject({ severity: 'ERROR', code });
  });

  it('two replicas share one subscription: no row is missing, and none is doubled', async () => {
    const replicas = [spawn(), spawn()];
    await Promise.all(replicas.map(ready));
    const ids = await bed.publish('plain', 4000);
    const written = async () => {
      const counts = await bed.counts('plain');
      return ids.filter((id) => counts.has(id)).length;
    };
    await expect.poll(written, { timeout: 60_000, interval: 200 }).toBe(4000);
    const codes = await Promise.all(replicas.map((replica) => replica.kill('SIGTERM')));
    expect(codes).toEqual([0, 0]);
    const counts = await bed.counts('plain');
    // Nothing went wrong, so at least once is once.
    expect([...counts.values()].filter((times) => times > 1)).toEqual([]);
  });

  it('SIGTERM while BigQuery is slow to answer: what was written does not come again', async () => {
    const subscriber = spawn();
    await ready(subscriber);
    const before = (await bed.counts('plain')).size;
    const on = '/tables/plain';
    bed.bigqueryFaults.add({ name: 'append.delayed-ack', ms: 3000, times: 'always', on });
    const ids = await bed.publish('plain', 500);
    // They are written, and it has not heard of it yet.
    await expect
      .poll(async () => (await bed.counts('plain')).size, { timeout: 60_000, interval: 20 })
      .toBe(before + 500);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
    bed.bigqueryFaults.clear();
    // What would come again comes now.
    bed.pubsubFaults.add({ name: 'leases.expire' });
    const drain = spawn(['drain', '--quiet-seconds', '3']);
    expect(await drain.exited()).toBe(0);
    const counts = await bed.counts('plain');
    expect(ids.filter((id) => counts.get(id) !== 1)).toEqual([]);
  });

  it('SIGTERM under load: what was written does not come again, and the rest does', async () => {
    const first = spawn();
    await ready(first);
    const before = (await bed.counts('plain')).size;
    const published = bed.publish('plain', 20_000);
    await expect
      .poll(async () => (await bed.counts('plain')).size, { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(before);
    expect(await first.kill('SIGTERM')).toBe(0);
    const ids = await published;
    // What was on its way from Pub/Sub comes again now, not when its lease of 10 s is over.
    bed.pubsubFaults.add({ name: 'leases.expire' });
    const drain = spawn(['drain', '--quiet-seconds', '3']);
    expect(await drain.exited()).toBe(0);
    const counts = await bed.counts('plain');
    expect(ids.filter((id) => !counts.has(id)).length).toBe(0);
    expect([...counts.values()].filter((times) => times > 1).length).toBe(0);
  });
});
