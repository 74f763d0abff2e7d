import { beforeEach, describe, expect, it } from 'vitest';
import type { Row } from '../../../shared/columns.ts';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { DeadLetterQueue } from '../../../subscriber/dead-letters/dead-letter-queue.ts';
import {
  bareDeadLetterRows,
  type DeadLetter,
  deadLetterLayout,
  deadLetterRows,
} from '../../../subscriber/dead-letters/dead-letter-rows.ts';
import { InFlightLimit } from '../../../subscriber/pull/in-flight-limit.ts';
import type { WriteResult } from '../../../subscriber/rows/write-result.ts';
import { rowTable } from '../../beds/row-table.ts';

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
  let limit: InFlightLimit;
  let queue: DeadLetterQueue;

  beforeEach(() => {
    isRefused = () => false;
    written = [];
    tries = 0;
    log = [];
    limit = new InFlightLimit({ messages: 10, bytes: 1000 });
    const write = (row: Row): Promise<WriteResult> => {
      tries++;
      if (isRefused(row))
        return Promise.resolve({ kind: 'invalid', problem: { reason: 'no such row' } });
      written.push(row);
      return Promise.resolve({ kind: 'written' });
    };
    queue = new DeadLetterQueue({
      table: rowTable(write),
      inFlight: limit,
      log: ({ severity, message }) => log.push(`${severity} ${message}`),
      now: () => now,
      waitMs: () => 20,
    });
  });

  it('stores one that BigQuery refuses again, with everything from outside as bytes', async () => {
    isRefused = (row) => row['message_id'] !== undefined;
    const attributes = { stream: 'a shop', delivery_id: 'd1' };
    expect(await queue.write(letter({ attributes }))).toEqual({ kind: 'written' });
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

  it('keeps one that BigQuery refuses all the same, logs it, and stores it once it can', async () => {
    isRefused = () => true;
    const fate = queue.write(letter());
    await expect.poll(() => tries).toBeGreaterThan(4);
    expect(queue.refused).toBe(1);
    expect(queue.waitingSince).toBeDefined();
    expect(log.at(-1)).toContain('ERROR');
    isRefused = () => false;
    expect(await fate).toEqual({ kind: 'written' });
    expect(queue.refused).toBe(0);
    expect(queue.waitingSince).toBeUndefined();
  });

  it('nacks refused ones when their place is needed, and when it closes', async () => {
    isRefused = () => true;
    const first = queue.write(letter());
    await expect.poll(() => queue.refused).toBe(1);
    queue.nackUnsent();
    expect(await first).toEqual({ kind: 'nacked', reason: 'no such row' });
    const second = queue.write(letter());
    await expect.poll(() => queue.refused).toBe(1);
    void queue.close();
    expect(await second).toMatchObject({ kind: 'nacked' });
    expect(await queue.write(letter())).toMatchObject({ kind: 'nacked' });
    expect(queue.refused).toBe(0);
  });

  it.each<[string, WriteResult[], string]>([
    [
      'its last part is nacked',
      [{ kind: 'written' }, { kind: 'nacked', reason: 'full' }],
      'nacked',
    ],
    ['its first part is', [{ kind: 'nacked', reason: 'full' }, { kind: 'written' }], 'nacked'],
    ['all parts are written', [{ kind: 'written' }, { kind: 'written' }], 'written'],
  ])('stores a letter of several parts as a whole: %s', async (_, fates, kind) => {
    const parts: unknown[] = [];
    const write = (row: Row) => Promise.resolve(fates[parts.push(row['part']) - 1] as WriteResult);
    const whole = new DeadLetterQueue({ table: rowTable(write), inFlight: limit, log: () => {} });
    expect(await whole.write(letter({ data: new Uint8Array(9_500_000) }))).toMatchObject({ kind });
    expect(parts).toEqual([0, 1]);
  });

  it('tries one that is refused less and less often', async () => {
    const waited: number[] = [];
    isRefused = () => waited.length < 3;
    const patient = new DeadLetterQueue({
      table: rowTable(async () =>
        isRefused({}) ? { kind: 'invalid', problem: { reason: 'no' } } : { kind: 'written' },
      ),
      inFlight: limit,
      log: () => {},
      waitMs: (before) => waited.push(before),
    });
    expect(await patient.write(letter())).toEqual({ kind: 'written' });
    expect(waited).toEqual([0, 1, 2]);
  });

  it('makes room for others, as the queue of a failing table does', async () => {
    const busy = new InFlightLimit({ messages: 1, bytes: 1000, lateAfterMs: 30 });
    busy.register({
      waitingSince: undefined,
      get writtenAt() {
        return busy.now;
      },
      nackUnsent() {},
      nackUnanswered() {},
      isAnswered: () => Promise.resolve(true),
    });
    const write = async (): Promise<WriteResult> => ({
      kind: 'invalid',
      problem: { reason: 'no' },
    });
    const options = {
      table: rowTable(write),
      inFlight: busy,
      log: () => {},
      waitMs: () => 600_000,
    };
    const fate = new DeadLetterQueue(options).write(letter());
    busy.add(1);
    expect(await fate).toMatchObject({ kind: 'nacked' });
    busy.remove(1);
  });
});
