import { afterAll, beforeAll } from 'vitest';
import { type ExportsBed, startExportsBed } from './exports-bed.ts';
import { type LoadDependencies, loadExport } from './load-once.ts';
import { type ZipContent, zipOf } from './zips.ts';

/** The result of an export: a table with its columns and its rows in any order, or a reason. */
export interface Loaded {
  reason?: string;
  /** Each is `name TYPE`. */
  columns: string[];
  rows: (string | null)[][];
}

type Settings = Partial<Pick<LoadDependencies, 'settings' | 'schema' | 'log'>>;

/** Loads each export into its own table, in one BigQuery for the tests of the file. */
export function startExportTablesBed() {
  let bed: ExportsBed;
  let tables = 0;
  beforeAll(async () => {
    bed = await startExportsBed({}, afterAll);
    await bed.bigquery.createDataset('csv', { location: 'EU' });
  });
  return {
    /** @param before columns of a table that is there, `a:INTEGER` */
    async load(content: ZipContent | Buffer, settings: Settings = {}, before?: string) {
      const table = `t${tables++}`;
      const path = `/v1/experiments/exports/${tables}/x.zip`;
      bed.files.set(path, Buffer.isBuffer(content) ? content : await zipOf(content));
      const exports = bed.bigquery.dataset('csv').table(table);
      if (before) await exports.create({ schema: before });
      const outcome = await loadExport({ path, table: `csv.${table}` }, { ...bed, ...settings });
      if (outcome.kind !== 'loaded') {
        if (outcome.kind !== 'invalid') throw new Error(JSON.stringify(outcome));
        return { reason: outcome.reason, columns: [], rows: [] };
      }
      return outcome.rows === 0 ? { columns: [], rows: [] } : await read(bed, table);
    },
  };
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}

async function read(bed: ExportsBed, table: string): Promise<Loaded> {
  const [{ schema }] = await bed.bigquery.dataset('csv').table(table).getMetadata();
  const fields = schema.fields as { name: string; type: string }[];
  const found = await bed.query(`SELECT * FROM csv.${table}`);
  const rows = found.map((row) => fields.map(({ name }) => textOf(row[name])));
  return {
    columns: fields.map(({ name, type }) => `${name} ${type}`),
    rows: rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}
