import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { idBatches, RequestBatcher } from '../../../subscriber/pull/request-batcher.ts';

const failed = (code: number, errorInfoMetadata?: Record<string, string>) =>
  Object.assign(new Error('refused'), { code, errorInfoMetadata });

function message(ackId: string) {
  return {
    ackId,
    isReleased: false,
    release() {
      this.isReleased = true;
    },
  };
}

const never = () => new AbortController().signal;

/** @param script the errors of the first requests */
function startBatcher(script: unknown[] = [], requestMs = 0) {
  const sent: string[][] = [];
  const released: boolean[] = [];
  const dropped: { count: number; code: number }[] = [];
  const clock = { now: 0 };
  const batcher = new RequestBatcher({
    async send(ackIds) {
      sent.push(ackIds);
      released.push(...added.map(({ isReleased }) => isReleased));
      clock.now += requestMs;
      const error = script.shift();
      if (error) throw error;
    },
    onDropped: (count, { code }) => dropped.push({ count, code }),
    gatherMs: 0,
    random: () => 0,
    now: () => clock.now,
  });
  const added: ReturnType<typeof message>[] = [];
  const add = (...ids: string[]) => {
    for (const each of ids.map(message)) {
      added.push(each);
      batcher.add(each);
    }
  };
  /** `released`: whether each message was, when a request was sent. */
  return { batcher, add, added, sent, dropped, released };
}

describe('idBatches', () => {
  it('takes at most 1,000 ids, and at most what a request of 512 KiB holds', () => {
    const short = Array.from({ length: 2500 }, (_, n) => message(`id${n}`));
    expect(idBatches(short).map((batch) => batch.length)).toEqual([1000, 1000, 500]);
    const long = Array.from({ length: 1000 }, (_, n) => message(`${n}`.padEnd(900, 'x')));
    const batches = idBatches(long);
    expect(batches.length).toBe(2);
    for (const batch of batches) {
      // Each id has a tag and a length of two bytes; the name of the subscription is in the request as well.
      const bytes = batch.reduce((sum, { ackId }) => sum + ackId.length + 3, 300);
      expect(bytes).toBeLessThan(512 * 1024);
    }
    expect(idBatches([])).toEqual([]);
  });
});

describe('RequestBatcher', () => {
  it('sends what is added together in one request, and releases it when that is answered', async () => {
    const { batcher, add, added, sent, released } = startBatcher();
    add('a', 'b');
    expect(sent).toEqual([]);
    await batcher.flush(never());
    expect(sent).toEqual([['a', 'b']]);
    expect(released).toEqual([false, false]);
    expect(added.map(({ isReleased }) => isReleased)).toEqual([true, true]);
  });

  it('sends by itself, soon, or when a request is full', async () => {
    const { add, sent } = startBatcher();
    add('a');
    await expect.poll(() => sent).toEqual([['a']]);
    add(...Array.from({ length: 1000 }, (_, n) => `${n}`));
    expect(sent[1]).toHaveLength(1000);
  });

  it('does not release what is tried again', async () => {
    const script = [failed(status.UNAVAILABLE), failed(status.UNKNOWN)];
    const { batcher, add, added, sent, released } = startBatcher(script);
    add('a');
    await batcher.flush(never());
    expect(sent).toEqual([['a'], ['a'], ['a']]);
    expect(released).toEqual([false, false, false]);
    expect(added[0]?.isReleased).toBe(true);
  });

  it.each([
    ['is refused for good', status.INVALID_ARGUMENT, 0],
    ['was tried for ten minutes', status.UNAVAILABLE, 600_001],
  ])('drops what %s', async (_, code, requestMs) => {
    const { batcher, add, added, dropped } = startBatcher([failed(code)], requestMs);
    add('a');
    await batcher.flush(never());
    expect(dropped).toEqual([{ count: 1, code }]);
    expect(added[0]?.isReleased).toBe(true);
  });

  it('with exactly-once delivery tries only those again that may succeed', async () => {
    const reasons = { a: 'PERMANENT_FAILURE_INVALID_ACK_ID', b: 'TRANSIENT_FAILURE_OTHER' };
    const script = [failed(status.FAILED_PRECONDITION, reasons)];
    const { batcher, add, sent, dropped } = startBatcher(script);
    add('a', 'b', 'c');
    await batcher.flush(never());
    expect(sent).toEqual([['a', 'b', 'c'], ['b']]);
    expect(dropped).toEqual([]);
  });

  it('flushes until the signal is given', async () => {
    const batcher = new RequestBatcher({ send: () => new Promise(() => {}), onDropped: () => {} });
    batcher.add(message('a'));
    const controller = new AbortController();
    const flushed = batcher.flush(controller.signal);
    controller.abort();
    await flushed;
  });
});
