import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../parts/system.ts';
import { tables as tablesUnderTest } from './expected.ts';
import type { Outside } from './outside.ts';
import type { Tables } from './tables.ts';

export interface RestOptions {
  /** The temporary folder of the run. */
  directory: string;
  withinMs: number;
  /** If nothing changes for so long although something is missing, it will not come. */
  quietMs: number;
  signal: AbortSignal;
}

const betweenLooksMs = 500;
/** Longer than a batch waits. */
const unchangedMs = 1500;

/**
 * Waits until all that was acknowledged is in the tables, and nothing more comes; then stops the subscribers and Pub/Sub,
 * and looks into Pub/Sub's own file whether a message is left. If one is, everything goes on.
 *
 * @returns how many messages are left. BigQuery runs on, and nothing else.
 */
export async function waitForRest(
  system: System,
  tables: () => Tables,
  outside: Outside,
  { directory, withinMs, quietMs, signal }: RestOptions,
): Promise<number> {
  const until = performance.now() + withinMs;
  for (;;) {
    await waitForRows(tables(), outside, { until, quietMs, signal });
    await Promise.all(system.subscribers.map((part) => part.stop('SIGTERM')));
    const pubsub = system.find('pubsub');
    await pubsub.stop('SIGTERM');
    const left = countBacklog(join(directory, 'pubsub', 'pubsub.sqlite'));
    if (left === 0 || performance.now() >= until || signal.aborted) return left;
    await system.startRest();
  }
}

async function waitForRows(
  tables: Tables,
  outside: Outside,
  { until, quietMs, signal }: { until: number; quietMs: number; signal: AbortSignal },
): Promise<void> {
  const due = dueCounts(outside);
  let last = '';
  let changedAt = performance.now();
  while (performance.now() < until && !signal.aborted) {
    const counts = await countAll(tables);
    const seen = JSON.stringify([...counts]);
    if (seen !== last) changedAt = performance.now();
    last = seen;
    const isThere = [...due].every(([name, count]) => (counts.get(name) ?? 0) >= count);
    if (performance.now() - changedAt > (isThere ? unchangedMs : quietMs)) return;
    await sleep(betweenLooksMs, undefined, { signal }).catch(() => {});
  }
}

/** The least number of deliveries in each table. */
function dueCounts({ sent }: Outside): Map<string, number> {
  const due = new Map<string, number>();
  const keys = new Set<string>();
  for (const [key, { stream, fate, acknowledged }] of sent) {
    // What may be in either of two tables is left to the comparison.
    if (['refused', 'filtered', 'either', 'export'].includes(fate)) continue;
    if (acknowledged.length === 0) continue;
    const [id = ''] = key.split('/');
    if (stream === 'orders' && keys.has(id)) continue;
    if (stream === 'orders') keys.add(id);
    const name = fate === 'letter' ? 'letters' : stream;
    due.set(name, (due.get(name) ?? 0) + (stream === 'orders' ? 1 : acknowledged.length));
  }
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

/** The messages that the only subscription has not acked: see local/pubsub/storage/store.ts. */
function countBacklog(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database
      .prepare(
        `SELECT s.count AS count, g.segment AS begun, g.acked AS acked
         FROM segments s LEFT JOIN progress g ON g.segment = s.id`,
      )
      .all() as { count: number; begun: number | null; acked: Uint8Array | null }[];
    return rows.reduce((sum, { count, begun, acked }) => {
      if (begun !== null && acked === null) return sum;
      return sum + count - bitsIn(acked);
    }, 0);
  } finally {
    database.close();
  }
}

function bitsIn(bytes: Uint8Array | null): number {
  let bits = 0;
  for (const byte of bytes ?? []) for (let left = byte; left > 0; left >>= 1) bits += left & 1;
  return bits;
}
