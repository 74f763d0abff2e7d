import { sampleExport } from '../../../local/absmartly/sample-export.ts';
import { exportNumber } from '../senders/deliveries.ts';
import type { Differences } from './differences.ts';
import type { StreamFigures } from './figures.ts';
import type { Outside } from './outside.ts';
import type { Tables } from './tables.ts';

/** Each export that was announced must be loaded once, with all its files; the units of its rows name it. */
export async function compareExports(
  seed: number,
  outside: Outside,
  tables: Tables,
  differences: Differences,
): Promise<StreamFigures> {
  const counted = await tables.query(
    `SELECT REGEXP_EXTRACT(unit_uid, r'^user-(\\d+)-') AS number, COUNT(*) AS n
     FROM faults.exports GROUP BY number`,
  );
  const rows = new Map(counted.map(({ number, n }) => [number ?? '', Number(n)]));
  const none = { acknowledged: 0, rows: 0, deadLetters: 0, twice: 0, unanswered: 0 };
  const figures: StreamFigures = { stream: 'ab', ...none };
  const announced = new Map<string, boolean>();
  for (const [key, { stream, acknowledged }] of outside.sent) {
    if (stream !== 'ab') continue;
    const [sender = 0, life = 0, n = 0] = (key.split('/')[0] ?? '').split('.').map(Number);
    const number = String(exportNumber({ seed, sender, life }, n));
    figures.acknowledged += acknowledged.length;
    announced.set(number, (announced.get(number) ?? false) || acknowledged.length > 0);
  }
  for (const [number, isAcknowledged] of announced) {
    const { files } = sampleExport(Number(number), Number(number));
    const expected = files.reduce((sum, file) => sum + file.rows, 0);
    const loaded = rows.get(number) ?? 0;
    figures.rows += loaded;
    if (loaded !== expected && (isAcknowledged || loaded > 0)) {
      differences.add('export not loaded once', `${number}: ${loaded} of ${expected} rows`);
    }
  }
  for (const number of rows.keys()) {
    if (!announced.has(number)) differences.add('nobody sent it', `export ${number}`);
  }
  return figures;
}
