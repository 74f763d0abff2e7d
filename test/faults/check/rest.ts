import { setTimeout as sleep } from 'node:timers/promises';
import { tables as tablesUnderTest } from './expected.ts';
import type { Outside } from './outside.ts';
import { type ProductLedger, readProductLedger } from './product-ledger.ts';
import type { Tables } from './tables.ts';

export interface RestOptions {
  withinMs: number;
  quietMs: number;
  /** Of the run, in Unix milliseconds. */
  startedAt: number;
  signal: AbortSignal;
}

const betweenLooksMs = 1000;

/**
 * Waits until everything that was acknowledged is counted as settled, and nothing is in flight. If something is
 * missing for good, that never is: then it waits until nothing has changed for a while.
 */
export async function waitForRest(
  tables: Tables,
  outside: Outside,
  source: ProductLedger,
  { withinMs, quietMs, startedAt, signal }: RestOptions,
): Promise<boolean> {
  const until = performance.now() + withinMs;
  const due = dueCounts(outside);
  let last = '';
  let changedAt = performance.now();
  while (performance.now() < until && !signal.aborted) {
    const counts = await countAll(tables);
    const isThere = [...due].every(([name, count]) => (counts.get(name) ?? 0) >= count);
    if (isThere && (await isSettled(source, startedAt))) return true;
    const seen = JSON.stringify([...counts]);
    if (seen !== last) changedAt = performance.now();
    last = seen;
    if (performance.now() - changedAt > quietMs) return isThere;
    await sleep(betweenLooksMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

/** The least number of deliveries in each table. */
function dueCounts({ sent }: Outside): Map<string, number> {
  const due = new Map<string, number>();
  const keys = new Set<string>();
  for (const [key, { stream, fate, acknowledged }] of sent) {
    if (fate === 'refused' || fate === 'filtered' || stream === 'ab') continue;
    if (acknowledged.length === 0) continue;
    const [id = ''] = key.split('/');
    if (stream === 'orders' && keys.has(id)) continue;
    if (stream === 'orders') keys.add(id);
    const name = fate === 'letter' ? 'letters' : fate === 'either' ? 'raw or letters' : stream;
    const count = stream === 'orders' ? 1 : acknowledged.length;
    due.set(name, (due.get(name) ?? 0) + count);
  }
  // They may be in either table: the comparison finds those that are in none.
  due.delete('raw or letters');
  return due;
}

async function countAll(tables: Tables): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { stream, table, id } of tablesUnderTest) {
    const [row] = await tables.query(`SELECT COUNT(DISTINCT ${id}) AS n FROM ${table}`);
    counts.set(stream, Number(row?.['n'] ?? 0));
  }
  const [row] = await tables.query(
    'SELECT COUNT(DISTINCT delivery_id) AS n FROM tributary.dead_letters',
  );
  counts.set('letters', Number(row?.['n'] ?? 0));
  counts.set('exports', await tables.count('faults.exports'));
  return counts;
}

async function isSettled(source: ProductLedger, startedAt: number): Promise<boolean> {
  const lines = await readProductLedger(source, startedAt);
  return lines.every(({ remainder, inFlight }) => remainder === 0 && inFlight === 0);
}
