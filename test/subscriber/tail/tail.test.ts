import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Faults } from '../../../local/faults/faults.ts';
import { connectPubsub } from '../../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { toAttributes } from '../../../shared/envelope.ts';
import {
  type EdgeReport,
  edgeReportStream,
  writeReport,
} from '../../../shared/report/edge-report.ts';
import { runTail, type TailNotice, type TailOptions } from '../../../subscriber/tail/run-tail.ts';
import type { TailEvent } from '../../../subscriber/tail/tail-event.ts';
import { tailSubscriptionName } from '../../../subscriber/tail/tail-subscription.ts';
import { relay as plainRelay } from '../../beds/subscriber-process.ts';

const faults = new Faults();
let directory: string;
let server: PubsubServer;
let pubsub: PubSub;
/** Each test has a topic of its own. */
let relay: Relay;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-tail-'));
  server = await startPubsub({ port: 0, directory, faults });
  pubsub = connectPubsub(plainRelay.project, server.port);
});

afterAll(async () => {
  await pubsub?.close();
  await server?.stop();
  await rm(directory, { recursive: true });
});

async function newRelay(): Promise<void> {
  const id = randomUUID();
  relay = { ...plainRelay, topic: `topic-${id}`, subscription: `sub-${id}` };
  await pubsub.createTopic(relay.topic);
}

async function publish(count: number, stream = 'plain'): Promise<string[]> {
  const topic = pubsub.topic(relay.topic, { batching: { maxMessages: 500 } });
  const ids = Array.from({ length: count }, () => uuidv7());
  await Promise.all(
    ids.map((deliveryId, n) =>
      topic.publishMessage({
        data: Buffer.from(`{"n":${n}}`),
        attributes: toAttributes({ stream, deliveryId, receivedAt: Date.now(), event: 'tested' }),
      }),
    ),
  );
  return ids;
}

interface Running {
  abort: AbortController;
  events: TailEvent[];
  notices: TailNotice[];
  shown(): string[];
  ended: ReturnType<typeof runTail>;
}

function start(options: Partial<TailOptions> = {}): Running {
  const abort = new AbortController();
  const events: TailEvent[] = [];
  const notices: TailNotice[] = [];
  const ended = runTail({
    ...{ pubsub, relay, name: 'test', signal: abort.signal, watchEveryMs: 50 },
    onEvent: async (event) => void events.push(event),
    onNotice: (notice) => void notices.push(notice),
    ...options,
  });
  // A test that fails before its end must not leave it running.
  onTestFinished(async () => {
    abort.abort();
    await ended.catch(() => {});
  });
  const shown = () =>
    events.flatMap((event) =>
      event.kind === 'delivery' ? [event.delivery.envelope.deliveryId] : [],
    );
  return { abort, events, notices, shown, ended };
}

const opened = ({ notices }: Running) =>
  expect.poll(() => notices.map(({ kind }) => kind)).toContain('opened');

const exists = async () => {
  const [found] = await pubsub.subscription(tailSubscriptionName(relay, 'test')).exists();
  return found;
};

describe('a tail', { timeout: 60_000 }, () => {
  it('shows every delivery, and takes none from the relay', async () => {
    await newRelay();
    const [own] = await pubsub.createSubscription(relay.topic, relay.subscription);
    const tail = start();
    await opened(tail);
    const ids = await publish(300);
    await expect.poll(() => tail.shown().length).toBe(300);
    expect(new Set(tail.shown())).toEqual(new Set(ids));
    const taken = new Set<string>();
    own.on('message', (message) => {
      taken.add(message.attributes['delivery_id'] ?? '');
      message.ack();
    });
    await expect.poll(() => taken.size).toBe(300);
    expect(taken).toEqual(new Set(ids));
    await own.close();

    expect(await exists()).toBe(true);
    tail.abort.abort();
    expect(await tail.ended).toMatchObject({ unshown: 0, isRemoved: true });
    expect(await exists()).toBe(false);
  });

  it('shows only one stream, and what the edge reports of it', async () => {
    await newRelay();
    const tail = start({ stream: 'keyed' });
    await opened(tail);
    await publish(3, 'plain');
    const ids = await publish(3, 'keyed');
    const at = Date.now();
    const refusal = { at, outcome: 'unauthorized', method: 'POST', path: '/keyed', headers: {} };
    const count = { cause: 'event-filter', firstAt: at, lastAt: at };
    const report: EdgeReport = {
      isolate: '01234567',
      ledger: [
        { minute: 1, stream: 'keyed', outcome: 'accepted', deliveries: 3 },
        { minute: 1, stream: 'keyed', outcome: 'unauthorized', deliveries: 7 },
      ],
      census: [
        { stream: 'keyed', event: 'page_view', dropped: 5, ...count },
        { stream: 'plain', dropped: 6, ...count },
      ],
      refused: [
        { stream: 'plain', ...refusal },
        { stream: 'keyed', ...refusal, hint: 'clock skew 412 s' },
      ],
    };
    await pubsub.topic(relay.topic).publishMessage({
      data: Buffer.from(writeReport(report)),
      attributes: toAttributes({ stream: edgeReportStream, deliveryId: uuidv7(), receivedAt: at }),
    });
    await expect.poll(() => tail.events.length).toBe(4);
    expect(tail.shown().toSorted()).toEqual(ids.toSorted());
    expect(tail.events.filter(({ kind }) => kind === 'report')).toEqual([
      {
        kind: 'report',
        filtered: [report.census[0]],
        refused: [report.refused[1]],
        counts: [report.ledger[1]],
      },
    ]);
  });

  it('says that a message is no delivery', async () => {
    await newRelay();
    const tail = start();
    await opened(tail);
    await pubsub.topic(relay.topic).publishMessage({ data: Buffer.from('x') });
    const attributes = toAttributes({
      ...{ stream: edgeReportStream, deliveryId: uuidv7(), receivedAt: Date.now() },
    });
    await pubsub.topic(relay.topic).publishMessage({ data: Buffer.from('no JSON'), attributes });
    await expect
      .poll(() => tail.events.map(({ kind }) => kind))
      .toEqual(['unreadable', 'unreadable']);
  });

  it('goes on where it was killed, and says how many came meanwhile', async () => {
    await newRelay();
    const first = start({ keeps: () => true });
    await opened(first);
    const before = await publish(5);
    await expect.poll(() => first.shown().length).toBe(5);
    first.abort.abort();
    expect(await first.ended).toMatchObject({ isRemoved: false });

    const meanwhile = await publish(40);
    const second = start();
    await expect.poll(() => second.notices.map(({ kind }) => kind)).toContain('caught up');
    expect(second.notices).toContainEqual({ kind: 'caught up', deliveries: 40 });
    expect(second.notices[0]).toMatchObject({ kind: 'opened', isResumed: true });
    const live = await publish(2);
    await expect.poll(() => second.shown().length).toBe(42);
    expect(new Set(second.shown())).toEqual(new Set([...meanwhile, ...live]));
    expect(second.shown()).not.toContain(before[0]);
    const late = second.events.filter(
      (event) => event.kind === 'delivery' && event.delivery.isLate,
    );
    expect(late).toHaveLength(40);
  });

  it('holds no more than its limits while the terminal is slow, and drops nothing', async () => {
    await newRelay();
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const ids: string[] = [];
    const tail = start({
      onEvent: async (event) => {
        waiting++;
        await gate.promise;
        if (event.kind === 'delivery') ids.push(event.delivery.envelope.deliveryId);
      },
    });
    await opened(tail);
    const published = await publish(1500);
    await expect.poll(() => waiting).toBe(500);
    gate.resolve();
    await expect.poll(() => ids.length).toBe(1500);
    expect(new Set(ids)).toEqual(new Set(published));
  });

  it('shows a message once that Pub/Sub delivers twice', async () => {
    await newRelay();
    faults.add({ name: 'deliver.twice', on: relay.subscription, times: 20 });
    const tail = start();
    await opened(tail);
    const ids = await publish(20);
    await expect.poll(() => tail.shown().length).toBe(20);
    tail.abort.abort();
    await tail.ended;
    expect(new Set(tail.shown())).toEqual(new Set(ids));
    expect(tail.shown()).toHaveLength(20);
  });

  it('counts what had come and is not shown', async () => {
    await newRelay();
    let begun = 0;
    const tail = start({
      onEvent: () => {
        begun++;
        return new Promise(() => {});
      },
    });
    await opened(tail);
    await publish(7);
    await expect.poll(() => begun).toBe(7);
    tail.abort.abort();
    expect(await tail.ended).toMatchObject({ unshown: 7, isRemoved: true });
  });
});

describe('a tail that can not go on says why', { timeout: 60_000 }, () => {
  const name = () => tailSubscriptionName(relay, 'test');

  it('if somebody deletes its subscription', async () => {
    await newRelay();
    const tail = start();
    await opened(tail);
    await pubsub.subscription(name()).delete();
    expect(await tail.ended).toMatchObject({ failure: { why: 'deleted' }, isRemoved: true });
  });

  it('if the topic is deleted', async () => {
    await newRelay();
    const tail = start();
    await opened(tail);
    await pubsub.topic(relay.topic).delete();
    expect(await tail.ended).toMatchObject({ failure: { why: 'no topic' }, isRemoved: true });
  });

  it('if a tail of the same name takes over, which gets the rest', async () => {
    await newRelay();
    const first = start();
    await opened(first);
    const second = start();
    expect(await first.ended).toMatchObject({ failure: { why: 'taken over' }, isRemoved: false });
    const ids = await publish(10);
    await expect.poll(() => second.shown().length).toBe(10);
    expect(new Set(second.shown())).toEqual(new Set(ids));
  });

  it('if it loses the permission', async () => {
    await newRelay();
    const tail = start();
    await opened(tail);
    faults.add({ name: 'streams.reset', on: name(), code: 'PERMISSION_DENIED' });
    expect(await tail.ended).toMatchObject({ failure: { why: 'no permission' }, isRemoved: false });
  });

  it('if Pub/Sub does not answer for long; shorter outages are only told', async () => {
    await newRelay();
    const own = await mkdtemp(join(tmpdir(), 'tributary-tail-'));
    onTestFinished(() => rm(own, { recursive: true }));
    let other = await startPubsub({ port: 0, directory: own });
    const { port } = other;
    const client = connectPubsub(relay.project, port);
    onTestFinished(() => client.close());
    await client.createTopic(relay.topic);
    let now = Date.now();
    const tail = start({ pubsub: client, now: () => now, giveUpAfterMs: 60_000 });
    await opened(tail);
    await other.stop();
    await expect
      .poll(() => tail.notices.at(-1), { timeout: 20_000 })
      .toEqual({
        kind: 'connection',
        state: 'lost',
      });
    other = await startPubsub({ port, directory: own });
    await expect
      .poll(() => tail.notices.at(-1), { timeout: 20_000 })
      .toEqual({
        kind: 'connection',
        state: 'back',
      });
    await other.stop();
    await expect
      .poll(() => tail.notices.at(-1), { timeout: 20_000 })
      .toEqual({
        kind: 'connection',
        state: 'lost',
      });
    now += 61_000;
    expect(await tail.ended).toMatchObject({ failure: { why: 'unreachable' }, isRemoved: false });
  });
});

describe('the filter of a tail', { timeout: 60_000 }, () => {
  it('leaves the messages of other streams with Google', async () => {
    await newRelay();
    const tail = start({ stream: 'keyed', keeps: () => true });
    await opened(tail);
    tail.abort.abort();
    await tail.ended;
    const subscription = pubsub.subscription(tailSubscriptionName(relay, 'test'));
    const [{ filter }] = await subscription.getMetadata();
    expect(filter).toBe('attributes.stream = "keyed" OR attributes.stream = "tributary.edge"');
    await publish(20, 'plain');
    const ids = await publish(2, 'keyed');
    const received: string[] = [];
    subscription.on('message', (message) => {
      received.push(message.attributes['delivery_id'] ?? '');
      message.ack();
    });
    await expect.poll(() => received.toSorted()).toEqual(ids.toSorted());
    await subscription.close();
  });

  it('can not be changed: another stream needs another name', async () => {
    await newRelay();
    const first = start({ stream: 'keyed', keeps: () => true });
    await opened(first);
    first.abort.abort();
    await first.ended;
    await expect(start({ stream: 'plain' }).ended).rejects.toMatchObject({
      code: 'tail.name-taken',
      message: expect.stringContaining('attributes.stream = "keyed"'),
    });
    const again = start({ stream: 'keyed' });
    await opened(again);
    expect(again.notices[0]).toMatchObject({ isResumed: true });
  });
});

describe('a tail does not begin', { timeout: 60_000 }, () => {
  it('without the permission, and names the role', async () => {
    await newRelay();
    faults.add({ name: 'iam.denied', on: 'pubsub.subscriptions.create', times: 1 });
    await expect(start().ended).rejects.toMatchObject({
      code: 'tail.refused',
      message: expect.stringContaining('pubsub.subscriptions.create'),
    });
  });

  it('without a topic', async () => {
    await newRelay();
    relay = { ...relay, topic: 'missing-topic' };
    await expect(start().ended).rejects.toMatchObject({ code: 'tail.no-topic' });
  });

  it('with a subscription that no tail has made: its messages stay there', async () => {
    await newRelay();
    await pubsub.createSubscription(relay.topic, tailSubscriptionName(relay, 'test'));
    await expect(start().ended).rejects.toMatchObject({ code: 'tail.name-taken' });
    expect(await exists()).toBe(true);
  });
});
