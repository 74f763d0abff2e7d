import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerTable } from '../../../shared/report/ledger.ts';
import { readLedger } from '../../../subscriber/ledger/read-ledger.ts';
import { type LedgerBed, relay, startLedgerBed } from '../../beds/ledger-bed.ts';

let bed: LedgerBed;
/** Each test has a minute of its own, some hours ago: old enough to be counted again. */
let at = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 3_600_000;

beforeAll(async () => {
  bed = await startLedgerBed();
});

afterAll(() => bed.stop());

const bodies: Record<string, string> = {
  plain: 'a=1',
  shop: '{"id":"e1","event_name":"order"}',
  keyed: '{"id":"e1","event_name":"order"}',
  mail: '[{"id":"a","ok":true},{"id":"b","ok":true},{"id":"c","ok":false}]',
  bare: '{"name":"x"}',
  exports: '{}',
};
/** An optional value does not fit: the row lacks it. */
const inPart = '{"id":"e1","event_name":{}}';
const deliver = (stream: string, sent: { id?: string; body?: string; messageId?: string } = {}) =>
  bed.deliver({ stream, body: bodies[stream] ?? '', receivedAt: at + 1234, ...sent });

describe('the ledger of a stream adds up', () => {
  it.each([
    ['plain', { written: 3, rows: 3 }],
    ['shop', { written: 3, rows: 3 }],
    // All have one body: the others are the sender's retries.
    ['keyed', { written: 1, duplicates: 2, rows: 3 }],
    ['mail', { written: 3, rows: 6 }],
    ['bare', { written: 3, rows: 3 }],
  ])('%s', async (stream, counts) => {
    at += 60_000;
    for (let n = 0; n < 3; n++) expect(await deliver(stream)).toBe('ack');
    await bed.flush();
    // Before the edge has reported.
    expect(await bed.line(stream, at, false)).toMatchObject({ ...counts, uncounted: 3 });
    await bed.accepted(stream, at, 3);
    expect(await bed.line(stream, at)).toEqual({ received: 3, accepted: 3, ...counts });
  });

  it('with what is not a row, or not wholly', async () => {
    at += 60_000;
    await deliver('shop');
    await deliver('shop', { body: inPart });
    for (const _ of 'ab') await deliver('shop', { body: 'not JSON' });
    await bed.flush();
    await bed.accepted('shop', at, 5);
    const counts = { written: 1, rows: 2, writtenInPart: 1, deadLetters: 2, remainder: 1 };
    expect(await bed.line('shop', at, false)).toMatchObject(counts);
    expect(await bed.line('shop', at)).toMatchObject({ ...counts, isRecounted: true });
  });

  it('with deliveries that have no row, which are acked when the ledger holds their ids', async () => {
    at += 60_000;
    const id = uuidv7();
    const sent = deliver('mail', { id, body: '[{"id":"a","ok":false},{"id":"b","ok":false}]' });
    expect(await Promise.race([sent, new Promise((r) => setTimeout(r, 50, 'waits'))])).toBe(
      'waits',
    );
    expect(await sent).toBe('ack');
    const kept = `SELECT id FROM ${ledgerTable(relay)}, UNNEST(delivery_ids) AS id WHERE stream = 'mail'`;
    expect(await bed.rows(kept)).toEqual([{ id }]);
    await bed.accepted('mail', at, 1);
    expect(await bed.line('mail', at)).toEqual({ received: 1, accepted: 1, noRow: 1 });
  });

  it('with what the edge refused, by cause', async () => {
    at += 60_000;
    const minute = at / 60_000;
    await bed.report(
      { minute, stream: 'shop', outcome: 'unauthorized', cause: 'signature', deliveries: 2 },
      { minute, stream: 'shop', outcome: 'unauthorized', cause: 'stale', deliveries: 1 },
      { minute, stream: 'shop', outcome: 'too-large', deliveries: 1 },
      { minute, stream: 'shop', outcome: 'filtered', deliveries: 4 },
      { minute, stream: 'shop', outcome: 'handshake', deliveries: 1 },
      { minute, stream: 'shop', outcome: 'not-stored', deliveries: 1 },
      { minute, stream: 'shop', outcome: 'accepted', cause: 'overflow', deliveries: 1 },
      { minute, stream: '', outcome: 'unknown-stream', deliveries: 7 },
    );
    await deliver('shop');
    await bed.flush();
    const source = { bigquery: bed.bigquery, relay };
    const lines = await readLedger(source, { since: at, until: at + 60_000 });
    expect(lines).toMatchObject([
      { stream: '', received: 7, rejected: { 'unknown-stream': 7 }, remainder: 0 },
      {
        stream: 'shop',
        received: 11,
        filtered: 4,
        rejected: { signature: 2, stale: 1, 'too-large': 1 },
        handshakes: 1,
        notStored: 1,
        accepted: 1,
        overflow: 1,
        written: 1,
        remainder: 0,
        uncounted: 0,
      },
    ]);
  });
});

describe('after a subscriber was killed before it could report', () => {
  it.each([
    ['plain', { written: 4, rows: 4 }],
    ['shop', { written: 4, rows: 4 }],
    ['mail', { written: 4, rows: 8 }],
  ])('%s is counted in its table', async (stream, counts) => {
    at += 60_000;
    const ids = Array.from({ length: 4 }, () => uuidv7());
    for (const id of ids) await deliver(stream, { id });
    await bed.restart();
    await bed.accepted(stream, at, 4);
    expect(await bed.line(stream, at, false)).toMatchObject({ remainder: 4 });
    const known = { received: 4, accepted: 4, ...counts, isRecounted: true };
    expect(await bed.line(stream, at)).toEqual(known);
    // It is stored.
    expect(await bed.line(stream, at, false)).toEqual(known);
  });

  it.each(['keyed', 'bare'])('%s is exact by the ids in the ledger', async (stream) => {
    at += 60_000;
    // All replace one row, or leave none with an id.
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    for (const id of ids) await deliver(stream, { id });
    await bed.restart();
    // The acks were lost.
    for (const id of ids) await deliver(stream, { id });
    await bed.accepted(stream, at, 3);
    const line = await bed.line(stream, at);
    const counts = stream === 'keyed' ? { written: 1, duplicates: 2 } : { written: 3 };
    expect(line).toMatchObject({ accepted: 3, ...counts, isRecounted: true });
    expect(line).not.toHaveProperty('remainder');
    expect(line).not.toHaveProperty('uncounted');
  });

  it('what was counted twice, because its ack was lost, is counted once', async () => {
    at += 60_000;
    const sent = [
      { id: uuidv7(), messageId: 'a' },
      { id: uuidv7(), messageId: 'b', body: 'not JSON' },
      { id: uuidv7(), messageId: 'c', body: inPart },
    ];
    for (const run of [0, 1]) {
      if (run === 1) await bed.restart();
      for (const one of sent) await deliver('shop', one);
      await bed.flush();
    }
    await bed.accepted('shop', at, 3);
    expect(await bed.line('shop', at, false)).toMatchObject({ uncounted: 3 });
    const line = await bed.line('shop', at);
    expect(line).toMatchObject({ accepted: 3, written: 1, writtenInPart: 1, deadLetters: 1 });
    expect(line).not.toHaveProperty('uncounted');
    // Nothing new was reported: the tables are not asked again, and the result is the same.
    expect(await bed.line('shop', at)).toEqual(line);
  });

  it('what was settled before the isolate could report is accepted all the same', async () => {
    at += 60_000;
    for (const _ of 'abc') await deliver('shop');
    await bed.flush();
    await bed.accepted('shop', at, 1);
    const line = { received: 3, accepted: 3, written: 3, rows: 3, uncounted: 2, isRecounted: true };
    expect(await bed.line('shop', at)).toEqual(line);
    const before = await bed.ledgerRows();
    expect(await bed.line('shop', at)).toEqual(line);
    expect(await bed.ledgerRows()).toHaveLength(before.length);
  });
});

describe('counted once', () => {
  it('is a delivery whose message comes again, and a report that does', async () => {
    at += 60_000;
    const sent = [{ id: uuidv7() }, { id: uuidv7(), body: 'not JSON', messageId: 'again' }];
    for (const _ of 'abc') for (const one of sent) await deliver('shop', one);
    await bed.flush();
    const minute = at / 60_000;
    const count = { minute, stream: 'shop', outcome: 'accepted', deliveries: 2 };
    const body = JSON.stringify({ isolate: 'a', ledger: [count], census: [], refused: [] });
    const id = uuidv7();
    for (const _ of 'ab') {
      // Another replica remembers nothing.
      await bed.restart();
      await bed.deliver({ stream: 'tributary.edge', id, body, receivedAt: at });
    }
    const line = await bed.line('shop', at);
    expect(line).toEqual({ received: 2, accepted: 2, written: 1, rows: 1, deadLetters: 1 });
    expect(new Set(bed.streamsWritten)).not.toContain('tributary.edge');
    expect(new Set(bed.streamsWritten)).toContain('shop');
  });

  it('is a delivery in a table that has rows from history as well', async () => {
    at += 60_000;
    await deliver('plain');
    await bed.restart();
    await bed.rows(
      `INSERT INTO shop.plain (hit_id, payload, received_at, date) VALUES ('0193a5c7-0000-8000-8000-000000000001', 'x', ${at + 1}, CURRENT_DATE())`,
    );
    await bed.accepted('plain', at, 1);
    expect(await bed.line('plain', at)).toMatchObject({ accepted: 1, written: 1 });
  });
});

it('clocks that differ change nothing: minutes are those of the edge', async () => {
  // The edge is an hour ahead.
  const ahead = Math.floor(Date.now() / 60_000) * 60_000 + 3_600_000;
  await bed.deliver({ stream: 'shop', body: bodies['shop'] ?? '', receivedAt: ahead });
  await bed.flush();
  await bed.accepted('shop', ahead, 1);
  expect(await bed.line('shop', ahead)).toEqual({ received: 1, accepted: 1, written: 1, rows: 1 });
});
