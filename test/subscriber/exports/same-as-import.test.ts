import { expect, it } from 'vitest';
import { type CsvOptions, csvLines } from '../../../history/import/csv-lines.ts';
import { startExportTablesBed } from '../../beds/export-tables-bed.ts';

// A file becomes the same rows as an announced export and by `tributary import`.

const tables = startExportTablesBed();

/** The rows that `import` makes of a file, as objects. */
async function imported(
  file: Buffer,
  options: CsvOptions,
): Promise<Record<string, string | null>[]> {
  const rows: Record<string, string | null>[] = [];
  const chunks = async function* () {
    for (let at = 0; at < file.length; at += 10) yield file.subarray(at, at + 10);
  };
  for await (const lines of csvLines(chunks(), options)) {
    for (const { bytes } of lines) rows.push(JSON.parse(Buffer.from(bytes).toString()));
  }
  return rows;
}

const plain = 'uid,name,note\nu1,ann,\nu2,"b ""ob""",""\nu3,"c,\r\nid",5" disk\nu4,00123,1E5\n';

it.each<[string, string | Buffer, { encoding?: string; delimiter?: ';' }?]>([
  ['LF', plain],
  ['CR', 'uid,name\ru1,ann\ru2,\r'],
  ['mixed line ends', 'uid,name\nu1,ann\r\nu2,"bob"\ru3,\n\nu4,x'],
  ['semicolons with decimal commas', 'uid;v;w\nu1;1;1,5\nu2;;"2;5"\n'],
  ['a semicolon that is set', 'uid;v\nu1;1,5\nu2;a,b,c\n', { delimiter: ';' }],
  ['tabs', 'uid\tname\nu1\t ann \nu2\t"b\tob"\n'],
  ['a sep= line', 'sep=|\r\nuid|name\r\nu1|ann\r\n'],
  ['a byte order mark', `\uFEFF${plain}`],
  ['UTF-16', Buffer.from(`\uFEFF${plain}`, 'utf16le')],
  [
    'Latin-1 that is set',
    Buffer.from('uid,name\nu1,Caf\u00e9\n', 'latin1'),
    { encoding: 'latin1' },
  ],
  ['names that are one to BigQuery', 'uid,v,V,v\nu1,1,2,3\n'],
  ['columns without a name', ',uid,,v\n0,u1,,3\n1,u2,,4\n'],
  ['names of other scripts', 'uid,数量\nu1,5\n'],
  ['numbers in the header', 'uid,_2023\nu1,x\n'],
])('%s', async (_, text, settings = {}) => {
  const file = Buffer.isBuffer(text) ? text : Buffer.from(text);
  const { columns, rows } = await tables.load([['1.csv', file]], { settings });
  const names = columns.map((column) => column.slice(0, column.lastIndexOf(' ')));
  const loaded = rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
  const byUid = (row: Record<string, unknown>) => String(row['uid']);
  const expected = await imported(file, settings);
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.sort((a, b) => byUid(a).localeCompare(byUid(b)))).toEqual(
    expected.sort((a, b) => byUid(a).localeCompare(byUid(b))),
  );
});
