import { describe, expect, it } from 'vitest';
import { announcement, startExportsBed } from '../../../beds/exports-bed.ts';
import { loadExport } from '../../../beds/load-once.ts';
import { type ZipContent, zipOf } from '../../../beds/zips.ts';

const { path, table } = announcement;
const schema = { id: 'INT64', code: 'STRING', at: 'TIMESTAMP', extra: 'JSON' } as const;

async function bedWith(content: ZipContent) {
  return { ...(await startExportsBed({ [path]: await zipOf(content) })), schema };
}

describe('an export into columns that the stream fixes', () => {
  it('creates the table with them, whatever the values look like', async () => {
    const bed = await bedWith([
      ['1.csv', 'id,code,at\n1,007,2026-04-12T12:00:00Z\n'],
      ['2.csv', 'at,code,id,extra\n2026-04-12T12:00:01Z,008,2,"{""a"":1}"\n'],
    ]);
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 2 });
    const [metadata] = await bed.bigquery.dataset('absmartly').table('exports').getMetadata();
    expect(metadata.schema.fields).toMatchObject([
      { name: 'id', type: expect.stringMatching(/^INT/) },
      { name: 'code', type: 'STRING' },
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'extra', type: 'JSON' },
    ]);
    expect(await bed.query(`SELECT id, code FROM ${table} ORDER BY id`)).toEqual([
      { id: 1, code: '007' },
      { id: 2, code: '008' },
    ]);
  });

  it('adds missing columns to the table, and keeps its others', async () => {
    const bed = await bedWith([['1.csv', 'id,code\n1,007\n']]);
    await bed.bigquery.createDataset('absmartly', { location: 'EU' });
    await bed.bigquery.dataset('absmartly').createTable('exports', {
      schema: [
        { name: 'note', type: 'STRING' },
        { name: 'ID', type: 'INTEGER' },
      ],
    });
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 1 });
    expect(await bed.query(`SELECT note, id, code FROM ${table}`)).toEqual([
      { note: null, id: 1, code: '007' },
    ]);
  });

  it('is rejected before anything is loaded if a file has others', async () => {
    const bed = await bedWith([
      ['1.csv', 'id\n1\n'],
      ['2.csv', 'id,Price (EUR)\n2,3\n'],
    ]);
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: "2.csv has columns that are not in the stream's schema: Price (EUR)",
    });
    await expect(bed.query(`SELECT id FROM ${table}`)).rejects.toThrow();
  });

  it('waits if the table has other types', async () => {
    const bed = await bedWith([['1.csv', 'id\n1\n']]);
    await bed.bigquery.createDataset('absmartly', { location: 'EU' });
    const exports = bed.bigquery.dataset('absmartly').table('exports');
    await exports.create({ schema: [{ name: 'id', type: 'STRING' }] });
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'retryable',
      reason: "the table's column id is STRING, and the schema says INT64",
    });
  });

  it('is rejected by BigQuery if a value has another type', async () => {
    const bed = await bedWith([['1.csv', 'id\nx\n']]);
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: expect.stringMatching(/^1\.csv: BigQuery did not load it/),
    });
  });
});
