import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InFlightLimit } from '../../../subscriber/pull/in-flight-limit.ts';
import { type LedgerBed, startLedgerBed } from '../../beds/ledger-bed.ts';

let bed: LedgerBed;

beforeAll(async () => {
  bed = await startLedgerBed();
});

afterAll(() => bed.stop());

const at = Date.now() - 300_000;
/** None of its events passes the filter. */
const withoutRow = (id: string) =>
  bed.deliver({ stream: 'mail', body: '[{"ok":false},{"ok":false}]', id, receivedAt: at });
const withRow = (stream: string) =>
  bed.deliver({ stream, body: JSON.stringify({ id: uuidv7(), event_name: 'x' }), receivedAt: at });

it('a ledger that takes no rows holds up no other table, and is exact when it is repaired', async () => {
  const table = bed.bigquery.dataset('tributary').table('ledger');
  await table.delete();
  await table.create({ schema: { fields: [{ name: 'minute', type: 'STRING' }] } });
  const inFlight = new InFlightLimit({ messages: 100, bytes: 1_000_000, lateAfterMs: 1000 });
  await bed.restart({ inFlight, flushEveryMs: 100 });

  const ids = Array.from({ length: 150 }, () => uuidv7());
  const settled = ids.map(withoutRow);
  expect(await withRow('plain')).toBe('ack');
  // The in-flight limit is reached: all of them leave it.
  expect(new Set(await Promise.all(settled))).toEqual(new Set(['nack']));
  expect(inFlight.messages).toBe(0);
  expect(await withRow('keyed')).toBe('ack');
  // What comes again meanwhile does not wait.
  const again = await Promise.all(ids.slice(0, 10).map(withoutRow));
  expect(new Set(again)).toEqual(new Set(['nack']));

  await table.delete();
  await expect.poll(() => withoutRow(ids[0] ?? ''), { timeout: 60_000 }).toBe('ack');
  expect(new Set(await Promise.all(ids.map(withoutRow)))).toEqual(new Set(['ack']));
  await bed.flush();
  const [counted] = await bed.rows<{ ids: number; deliveries: number }>(
    `SELECT COUNT(DISTINCT id) AS ids, (SELECT SUM(deliveries) FROM tributary.ledger WHERE outcome = 'no row') AS deliveries
     FROM tributary.ledger, UNNEST(delivery_ids) AS id WHERE outcome = 'no row'`,
  );
  expect(counted).toEqual({ ids: ids.length, deliveries: ids.length });
}, 120_000);
