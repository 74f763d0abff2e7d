import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../local/faults/faults.ts';
import { startPull, startPullBed, textOf } from '../../beds/pull-bed.ts';

const hold = { onMessage: () => {} };

describe('acks are answered before a pull is closed', () => {
  it.each<[string, Fault[]]>([
    ['at once', []],
    ['late', [{ name: 'ack.delayed-answer', ms: 400 }]],
    ['at the third try', [{ name: 'ack.status', times: 2 }]],
    ['after the answer was lost', [{ name: 'ack.lost-answer', times: 2 }]],
    ['after the connection was cut', [{ name: 'connections.cut' }]],
    ['after GOAWAY', [{ name: 'connections.goaway' }]],
  ])('%s', async (_, faults) => {
    const bed = await startPullBed();
    const { pull, messages, log } = await startPull(bed, hold);
    await bed.publish('a', 'b', 'c');
    await expect.poll(() => messages.length).toBe(3);
    bed.faults.add(...faults);
    for (const message of messages) message.ack();
    await pull.close(5000);
    expect(bed.faults.list().every(({ struck }) => struck > 0)).toBe(true);
    expect(log).toEqual([]);
    expect(await bed.left()).toEqual([]);
  });

  it('or the time for it is over', async () => {
    const bed = await startPullBed();
    const { pull, messages } = await startPull(bed, hold);
    await bed.publish('a');
    await expect.poll(() => messages.length).toBe(1);
    bed.faults.add({ name: 'ack.hang' });
    messages[0]?.ack();
    await pull.close(300);
    expect(await bed.left()).toEqual(['a']);
  });

  it('also of messages that are settled only after it has begun to close', async () => {
    const bed = await startPullBed();
    const { pull, messages } = await startPull(bed, hold);
    await bed.publish('a', 'b');
    await expect.poll(() => messages.length).toBe(2);
    const closed = pull.close(5000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const message of messages) message.ack();
    await closed;
    expect(await bed.left()).toEqual([]);
  });
});

describe('acks and nacks', () => {
  it('that are refused for good are dropped, with a warning; the message comes again', async () => {
    const bed = await startPullBed();
    bed.faults.add({ name: 'ack.status', code: 'INVALID_ARGUMENT' });
    const { log, messages } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(() => log).toMatchObject([{ severity: 'WARNING', count: 1 }]);
    bed.faults.add({ name: 'leases.expire' });
    await expect.poll(() => messages.map(textOf)).toEqual(['a', 'a']);
    expect(await bed.left()).toEqual([]);
  });

  it('of a lost ack: the message comes again, and is acked again', async () => {
    const bed = await startPullBed();
    bed.faults.add({ name: 'ack.lost' });
    const { messages } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(() => bed.faults.list()[0]?.struck).toBe(1);
    bed.faults.add({ name: 'leases.expire' });
    await expect.poll(() => messages.map(textOf)).toEqual(['a', 'a']);
    await expect.poll(bed.left).toEqual([]);
  });

  it('of both deliveries of a message end it', async () => {
    const bed = await startPullBed();
    bed.faults.add({ name: 'deliver.twice' });
    const { messages } = await startPull(bed);
    await bed.publish('a');
    await expect.poll(() => messages.map(textOf)).toEqual(['a', 'a']);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(1);
    await expect.poll(bed.left).toEqual([]);
  });

  it('count once: what was acked is not nacked', async () => {
    const bed = await startPullBed();
    const { pull, messages } = await startPull(bed, hold);
    await bed.publish('a');
    await expect.poll(() => messages.length).toBe(1);
    messages[0]?.ack();
    messages[0]?.nack();
    expect(pull.held).toBe(0);
    await pull.close(5000);
    expect(await bed.left()).toEqual([]);
  });

  it('a nacked message comes again, also when the first try to nack it fails', async () => {
    const bed = await startPullBed();
    bed.faults.add({ name: 'modack.status' });
    const { messages } = await startPull(bed, {
      onMessage: (message) => {
        if (messages.length === 1) message.nack();
        else message.ack();
      },
    });
    await bed.publish('a');
    await expect.poll(() => messages.map(textOf)).toEqual(['a', 'a']);
    expect(bed.faults.list()[0]?.struck).toBe(1);
  });
});

describe('a stop', () => {
  it('nacks what comes after it, so that another pull gets it at once', async () => {
    const bed = await startPullBed();
    const texts = Array.from({ length: 50 }, (_, n) => `m${n}`);
    await bed.publish(...texts);
    const seen: string[] = [];
    const first = await startPull(bed, {
      onMessage: (message) => {
        void first.pull.stop();
        seen.push(textOf(message));
        message.ack();
      },
    });
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    await first.pull.close(5000);
    expect(seen.length).toBeLessThan(50);
    const second = await startPull(bed);
    const others = texts.filter((text) => !seen.includes(text)).sort();
    await expect.poll(second.texts).toEqual(others);
  });

  it('that is asked for again, and a close after a failure, end as well', async () => {
    const bed = await startPullBed();
    const { pull, failures } = await startPull(bed);
    bed.faults.add({ name: 'stream.status', code: 'NOT_FOUND', times: 'always' });
    bed.faults.add({ name: 'streams.reset' });
    await expect.poll(() => failures.length).toBe(1);
    await Promise.all([pull.stop(), pull.stop()]);
    await pull.close(1000);
    expect(failures).toHaveLength(1);
  });
});
