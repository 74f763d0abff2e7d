import { expect, test } from 'vitest';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { generic } from '../../shared/sources/generic.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import type { WriteResult } from '../../subscriber/rows/write-result.ts';
import { rowTable } from '../beds/row-table.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: {
    mail: generic({
      table: 'mail.events',
      each: '$',
      columns: {
        id: { type: 'STRING', from: '$.id', required: true },
        rest: { type: 'JSON', from: 'body:$[0]' },
      },
    }),
  },
});

const written: WriteResult = { kind: 'written' };

/** A pipeline whose rows wait until the test gives them their results. */
function openPipeline() {
  const waiting: ((result: WriteResult) => void)[] = [];
  const dead: string[] = [];
  const settled: string[] = [];
  const pipeline = new Pipeline({
    relay,
    tables: new Map([
      ['mail', rowTable(() => new Promise<WriteResult>((resolve) => waiting.push(resolve)))],
    ]),
    deadLetters: {
      write: async ({ reason }) => {
        dead.push(reason);
        return written;
      },
    },
    inFlight: { add() {}, remove() {} },
    exports: { write: async () => written },
    replays: { write: async () => written },
    log() {},
  });
  return {
    waiting,
    dead,
    settled,
    take(deliveryId: string, events: readonly string[]) {
      return pipeline.handle({
        id: deliveryId,
        data: new TextEncoder().encode(`[${events.join(',')}]`),
        attributes: toAttributes({ stream: 'mail', deliveryId, receivedAt: 0 }),
        ack: () => settled.push(`${deliveryId}: ack`),
        nack: () => settled.push(`${deliveryId}: nack`),
      });
    },
    /** Gives so many rows this result, also those that come only then; returns how many waited at once, at most. */
    async settle(rows: number, result: WriteResult): Promise<number> {
      let most = 0;
      for (let left = rows; left > 0; ) {
        await idle();
        most = Math.max(most, waiting.length);
        const batch = waiting.splice(0, left);
        if (batch.length === 0) throw new Error(`${left} rows never came`);
        left -= batch.length;
        for (const resolve of batch) resolve(result);
      }
      await idle();
      return most;
    },
  };
}

function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `{"id":"e${n}"}`);

test('a delivery of 50,000 events becomes rows in portions, and is acked after the last', async () => {
  const { take, settle, settled } = openPipeline();
  const taken = take('d1', many(50_000));
  const most = await settle(49_999, written);
  expect(most).toBeLessThan(10_000);
  expect(settled).toEqual([]);
  await settle(1, written);
  await taken;
  expect(settled).toEqual(['d1: ack']);
});

test('events that each repeat a large part of the body are counted by that', async () => {
  const { take, settle, settled } = openPipeline();
  const large = `{"id":"e","text":"${'x'.repeat(1_000_000)}"}`;
  const taken = take('d1', [large, ...many(99)]);
  expect(await settle(100, written)).toBeLessThan(10);
  await taken;
  expect(settled).toEqual(['d1: ack']);
});

test('deliveries that come meanwhile wait their turn, and none is forgotten', async () => {
  const { take, settle, waiting, settled } = openPipeline();
  const taken = ['d1', 'd2', 'd3'].map((id) => take(id, many(5000)));
  await idle();
  expect(waiting.length).toBeLessThan(10_000);
  await settle(15_000, written);
  await Promise.all(taken);
  expect(settled.toSorted()).toEqual(['d1: ack', 'd2: ack', 'd3: ack']);
});

test('once an event is nacked, the rest is left for the next time, which writes only what is missing', async () => {
  const { take, settle, waiting, settled } = openPipeline();
  const taken = take('d1', many(20_000));
  await settle(100, written);
  await settle(waiting.length, { kind: 'nacked', reason: 'no room' });
  await taken;
  expect(settled).toEqual(['d1: nack']);
  expect(waiting).toHaveLength(0);

  const again = take('d1', many(20_000));
  await settle(19_900, written);
  await again;
  expect(waiting).toHaveLength(0);
  expect(settled).toEqual(['d1: nack', 'd1: ack']);
});

test('of many invalid events the first are named, in order, and the others are written', async () => {
  const { take, settle, dead, settled } = openPipeline();
  const taken = take('d1', [...many(30), ...Array(500).fill('{}')]);
  await settle(30, written);
  await taken;
  expect(settled).toEqual(['d1: ack']);
  expect(dead).toHaveLength(1);
  expect(dead[0]).toMatch(/^event 30: id is missing; event 31: /);
  expect(dead[0]).toMatch(/; and 480 more \(the other 30 are written\)$/);
});
