import { beforeEach, describe, expect, it } from 'vitest';
import type { Row } from '../../../shared/columns.ts';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { DeadLetterQueue } from '../../../subscriber/dead-letters/dead-letter-queue.ts';
import {
  bareDeadLetterRows,
  type DeadLetter,
  deadLetterLayout,
  deadLetterRows,
} from '../../../subscriber/dead-letters/dead-letters.ts';
import { WaitingRoom } from '../../../subscriber/pull/waiting-room.ts';
import type { Fate } from '../../../subscriber/rows/fate.ts';

const now = Date.parse('2026-06-05T10:00:00Z');
const encoder = createEncoder(deadLetterLayout, () => now);

function letter(parts: Partial<DeadLetter> = {}): DeadLetter {
  return {
    messageId: '1024',
    attributes: { stream: 'shop', delivery_id: 'd1' },
    data: new TextEncoder().encode('not json'),
    reason: 'the body is not JSON',
    writtenInPart: false,
    ...parts,
  };
}

const wild = 'é\ud800\u0000"\\';

describe('the rows of a dead letter', () => {
  it.each<[string, Partial<DeadLetter>]>([
    ['an empty body and no attributes', { data: new Uint8Array(0), attributes: {} }],
    ['a time that is none', { attributes: { received_at: 'soon' } }],
    ['a time beyond the year 9999', { attributes: { received_at: '+275760-09-13T00:00:00.000Z' } }],
    ['a time before the year 1', { attributes: { received_at: '-000100-01-01T00:00:00Z' } }],
    ['texts that are no Unicode', { attributes: { stream: wild, [wild]: wild }, messageId: wild }],
    ['a reason that is none', { reason: wild.repeat(1000), column: wild }],
    ['a path that is a key of the sender’s', { column: 'ж'.repeat(9_000_000) }],
    ['the largest body that Pub/Sub carries', { data: new Uint8Array(10_485_760) }],
    [
      'the most attributes that Pub/Sub carries',
      {
        attributes: Object.fromEntries(
          Array.from({ length: 100 }, (_, n) => [
            `${n}`.padEnd(256, '\u0001'),
            '\u0001'.repeat(1024),
          ]),
        ),
        data: new Uint8Array(10_300_000),
      },
    ],
  ])('are taken with %s', (_, parts) => {
    for (const rows of [
      deadLetterRows(letter(parts), now),
      bareDeadLetterRows(letter(parts), now),
    ]) {
      const encoded = rows.map((row) => encoder.encode(row));
      expect(encoded.filter(({ ok }) => !ok)).toEqual([]);
      const data = Buffer.concat(rows.map((row) => row['data'] as Uint8Array));
      expect(data.equals(letter(parts).data)).toBe(true);
    }
  });

  it('say whether there is a row besides', () => {
    for (const writtenInPart of [true, false]) {
      for (const rows of [deadLetterRows, bareDeadLetterRows]) {
        expect(rows(letter({ writtenInPart }), now)).toMatchObject([
          { written_in_part: writtenInPart },
        ]);
      }
    }
  });

  it('number the parts of a body that no single row can hold', () => {
    const rows = deadLetterRows(letter({ data: new Uint8Array(9_500_000) }), now);
    expect(rows.map((row) => row['part'])).toEqual([0, 1]);
    expect(deadLetterRows(letter(), now)[0]).not.toHaveProperty('part');
  });
});

describe('DeadLetterQueue', () => {
  let isRefused: (row: Row) => boolean;
  let written: Row[];
  let tries: number;
  let log: string[];
  let room: WaitingRoom;
  let queue: DeadLetterQueue;

  beforeEach(() => {
    isRefused = () => false;
    written = [];
    tries = 0;
    log = [];
    room = new WaitingRoom({ messages: 10, bytes: 1000 });
    const write = (row: Row): Promise<Fate> => {
      tries++;
      if (isRefused(row)) return Promise.resolve({ kind: 'dead', reason: 'no such row' });
      written.push(row);
      return Promise.resolve({ kind: 'written' });
    };
    queue = new DeadLetterQueue({
      table: { write },
      room,
      log: ({ severity, message }) => log.push(`${severity} ${message}`),
      now: () => now,
      waitMs: () => 20,
    });
  });

  it('stores one that BigQuery refuses once more, with nothing from outside but as bytes', async () => {
    isRefused = (row) => row['message_id'] !== undefined;
    const attributes = { stream: 'a shop', delivery_id: 'd1' };
    expect(await queue.store(letter({ attributes }))).toEqual({ kind: 'written' });
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    expect(written).toEqual([
      {
        delivery_id: 'd1',
        stream: null,
        stored_at: '2026-06-05T10:00:00.000Z',
        reason: expect.stringContaining('base64'),
        attributes: JSON.stringify({
          [base64('stream')]: base64('a shop'),
          [base64('delivery_id')]: base64('d1'),
        }),
        data: new TextEncoder().encode('not json'),
        written_in_part: false,
      },
    ]);
    expect(queue.refused).toBe(0);
  });

  it('holds one that BigQuery refuses all the same, says so, and stores it once it can', async () => {
    isRefused = () => true;
    const fate = queue.store(letter());
    await expect.poll(() => tries).toBeGreaterThan(4);
    expect(queue.refused).toBe(1);
    expect(queue.waitingSince).toBeDefined();
    expect(log.at(-1)).toContain('ERROR');
    isRefused = () => false;
    expect(await fate).toEqual({ kind: 'written' });
    expect(queue.refused).toBe(0);
    expect(queue.waitingSince).toBeUndefined();
  });

  it('gives held ones back when their place is needed, and when it closes', async () => {
    isRefused = () => true;
    const first = queue.store(letter());
    await expect.poll(() => queue.refused).toBe(1);
    queue.giveBackUnsent();
    expect(await first).toEqual({ kind: 'held', reason: 'no such row' });
    const second = queue.store(letter());
    await expect.poll(() => queue.refused).toBe(1);
    queue.close();
    expect(await second).toMatchObject({ kind: 'held' });
    expect(await queue.store(letter())).toMatchObject({ kind: 'held' });
    expect(queue.refused).toBe(0);
  });

  it.each<[string, Fate[], string]>([
    ['its last part is held', [{ kind: 'written' }, { kind: 'held', reason: 'full' }], 'held'],
    ['its first part is', [{ kind: 'held', reason: 'full' }, { kind: 'written' }], 'held'],
    ['all parts are written', [{ kind: 'written' }, { kind: 'written' }], 'written'],
  ])('stores a letter of several parts as a whole: %s', async (_, fates, kind) => {
    const parts: unknown[] = [];
    const write = (row: Row) => Promise.resolve(fates[parts.push(row['part']) - 1] as Fate);
    const whole = new DeadLetterQueue({ table: { write }, room, log: () => {} });
    expect(await whole.store(letter({ data: new Uint8Array(9_500_000) }))).toMatchObject({ kind });
    expect(parts).toEqual([0, 1]);
  });

  it('tries one that is refused less and less often', async () => {
    const waited: number[] = [];
    isRefused = () => waited.length < 3;
    const patient = new DeadLetterQueue({
      table: {
        write: async () => (isRefused({}) ? { kind: 'dead', reason: 'no' } : { kind: 'written' }),
      },
      room,
      log: () => {},
      waitMs: (before) => waited.push(before),
    });
    expect(await patient.store(letter())).toEqual({ kind: 'written' });
    expect(waited).toEqual([0, 1, 2]);
  });

  it('makes room for others, as a table in trouble does', async () => {
    const busy = new WaitingRoom({ messages: 1, bytes: 1000, lateAfterMs: 30 });
    busy.join({
      waitingSince: undefined,
      get writtenAt() {
        return busy.now;
      },
      giveBackUnsent() {},
      giveBackSent() {},
      isAnswered: () => Promise.resolve(true),
    });
    const write = async (): Promise<Fate> => ({ kind: 'dead', reason: 'no' });
    const options = { table: { write }, room: busy, log: () => {}, waitMs: () => 600_000 };
    const fate = new DeadLetterQueue(options).store(letter());
    busy.enter(1);
    expect(await fate).toMatchObject({ kind: 'held' });
    busy.leave(1);
  });
});
