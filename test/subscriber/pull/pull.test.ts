import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Fault, StatusName } from '../../../local/faults/faults.ts';
import { startPull, startPullBed } from '../../beds/pull-bed.ts';

const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => `m${String(n).padStart(3, '0')}`);

/** Dead and stuck streams are found in fractions of a second. */
const hasty = { checkMs: 20, pingMs: 100, pongMs: 200, idleMs: 400, finishMs: 50 };

describe('a pull goes on', () => {
  const retried: StatusName[] = [
    'UNAVAILABLE',
    'DEADLINE_EXCEEDED',
    'RESOURCE_EXHAUSTED',
    'ABORTED',
    'INTERNAL',
    'CANCELLED',
    'UNKNOWN',
    'DATA_LOSS',
  ];
  it.each<[string, Fault]>([
    ['OK', { name: 'streams.end' }],
    ...retried.map((code): [string, Fault] => [code, { name: 'streams.reset', code }]),
    ['GOAWAY', { name: 'connections.goaway' }],
    ['a cut connection', { name: 'connections.cut' }],
  ])('after its streams ended with %s', async (_, fault) => {
    const bed = await startPullBed();
    const { texts, failures } = await startPull(bed);
    await bed.publish('before');
    await expect.poll(texts).toEqual(['before']);
    bed.faults.add(fault);
    await bed.publish('after');
    await expect.poll(texts).toEqual(['after', 'before']);
    expect(failures).toEqual([]);
  });

  it('when no stream can be opened for a while', async () => {
    const bed = await startPullBed();
    bed.faults.add({ name: 'stream.status', times: 12 });
    const { texts } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(texts).toEqual(['a']);
    expect(bed.faults.list()[0]?.struck).toBe(12);
  });

  it.each<[string, Fault['name']]>([
    ['brings nothing, though it answers pings', 'stream.silent'],
    ['is dead, though its connection is not', 'stream.frozen'],
  ])('when each stream %s', async (_, name) => {
    const bed = await startPullBed();
    bed.faults.add({ name, times: 4 });
    await bed.publish('a');
    const { texts } = await startPull(bed, { times: hasty });
    await expect.poll(() => bed.faults.list()[0]?.struck).toBe(4);
    await expect.poll(texts).toEqual(['a']);
  });

  it('through pings and replaced streams, and brings each message once', async () => {
    const bed = await startPullBed();
    const begun = Date.now();
    const { texts, messages } = await startPull(bed, { times: hasty });
    for (let n = 0; n < 20; n++) {
      await bed.publish(`m${n}`);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await expect.poll(() => texts().length).toBe(20);
    expect(messages).toHaveLength(20);
    for (const { publishTime } of messages) {
      expect(publishTime?.getTime()).toBeGreaterThanOrEqual(begun);
      expect(publishTime?.getTime()).toBeLessThanOrEqual(Date.now());
    }
  });
});

describe('a pull fails, once', () => {
  const final: StatusName[] = [
    'NOT_FOUND',
    'PERMISSION_DENIED',
    'UNAUTHENTICATED',
    'INVALID_ARGUMENT',
    'FAILED_PRECONDITION',
  ];
  it.each(final)('when its streams end with %s', async (code) => {
    const bed = await startPullBed();
    const { texts, failures } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(texts).toEqual(['a']);
    bed.faults.add({ name: 'streams.reset', code });
    await expect.poll(() => failures.map((end) => end.code)).toEqual([status[code]]);
  });

  it('when its subscription is deleted', async () => {
    const bed = await startPullBed();
    const { texts, failures } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(texts).toEqual(['a']);
    await bed.pubsub.subscription('pulled').delete();
    await expect.poll(() => failures.map((end) => end.code)).toEqual([status.NOT_FOUND]);
  });
});

describe('flow control', () => {
  const limits = { messages: 10, bytes: 1_000_000 };
  const hold = { onMessage: () => {}, limits, streams: 2 };

  it('holds no more messages than the limit, and gets others for those that are settled', async () => {
    const bed = await startPullBed();
    await bed.publish(...numbered(25));
    const { pull, texts, messages } = await startPull(bed, hold);
    await expect.poll(() => pull.held).toBe(10);
    for (let acked = 0; texts().length < 25; acked++) {
      await expect.poll(() => messages.length).toBeGreaterThan(acked);
      messages[acked]?.ack();
      expect(pull.held).toBeLessThanOrEqual(10);
    }
    expect(messages).toHaveLength(25);
  });

  it('holds no more bytes than the limit, but for one message a stream', async () => {
    const bed = await startPullBed();
    await bed.publish(...numbered(20).map((text) => text.padEnd(1000)));
    const { pull } = await startPull(bed, { ...hold, limits: { messages: 1000, bytes: 4000 } });
    await expect.poll(() => pull.held).toBeGreaterThanOrEqual(4);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(pull.held).toBeLessThanOrEqual(6);
  });

  it('opens no stream while it is full: that would bring as much again', async () => {
    const bed = await startPullBed();
    await bed.publish(...numbered(40));
    const { pull, texts, messages } = await startPull(bed, hold);
    await expect.poll(() => pull.held).toBe(10);
    for (let reset = 0; reset < 3; reset++) {
      bed.faults.add({ name: 'streams.reset' });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(pull.held).toBe(10);
    for (let acked = 0; texts().length < 40; acked++) {
      await expect.poll(() => messages.length).toBeGreaterThan(acked);
      messages[acked]?.ack();
    }
  });

  it('pauses streams that bring more, drops them before the leases in them end, and goes on', async () => {
    const bed = await startPullBed();
    await bed.publish(...numbered(100));
    const options = { ...hold, times: { ...hasty, pausedMs: 100 } };
    const { pull, texts, messages } = await startPull(bed, options);
    await expect.poll(() => pull.held).toBe(10);
    // With room again, new streams bring their share beside what the old ones brought.
    for (const message of messages.slice(0, 2)) message.ack();
    bed.faults.add({ name: 'streams.end' });
    await expect.poll(() => pull.held).toBeGreaterThan(10);
    const { held } = pull;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(pull.held).toBe(held);
    bed.faults.add({ name: 'leases.expire' });
    for (let acked = 0; texts().length < 100; acked++) {
      await expect.poll(() => messages.length).toBeGreaterThan(acked);
      messages[acked]?.ack();
    }
  });
});
