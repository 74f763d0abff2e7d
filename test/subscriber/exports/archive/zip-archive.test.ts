import { randomBytes } from 'node:crypto';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type CsvFile, readCsvFile } from '../../../../subscriber/exports/archive/csv-file.ts';
import {
  defaultExportLimits,
  type ExportLimits,
} from '../../../../subscriber/exports/archive/limits.ts';
import { readArchive } from '../../../../subscriber/exports/archive/zip-archive.ts';
import { fileOf } from '../../../beds/temporary-files.ts';
import { patchDirectory, renamed, zipOf } from '../../../beds/zips.ts';

const csv = 'a,b\n1,2\n';
const zip = await zipOf([['a.csv', csv.repeat(500)]]);
const twoCsvs = await zipOf([
  ['a.csv', csv],
  ['b.csv', csv],
]);
const noise = Buffer.from('x'.repeat(2000));
const nothing = await zipOf([]);
const textAlone = await zipOf([['a.txt', csv]]);
const directory = await zipOf([['a.csv/', '']]);
const endlessHeader = await zipOf([['a.csv', 'h'.repeat(9_000_000)]]);
const deflated = await zipOf([['a.csv', csv]]);
const stored = await zipOf([['a.csv', csv, { compress: false }]]);
const zip64 = await zipOf([['a.csv', csv]], true);

/** To its last byte. */
async function readAll(zip: Buffer, limits: Partial<ExportLimits> = {}): Promise<CsvFile[]> {
  const files = await readArchive(await fileOf(zip), zip.length, {
    ...defaultExportLimits,
    ...limits,
  });
  for (const file of files) await buffer(file.open());
  return await Promise.all(files.map((file) => readCsvFile(file, {})));
}

async function namesOf(zip: Buffer): Promise<string[]> {
  return (await readAll(zip)).map(({ name }) => name);
}

describe('the CSVs of an archive', () => {
  it('come in the order of their names, by code points', async () => {
    const names = [
      'b.csv',
      'B.csv',
      'a_10.csv',
      'a_2.csv',
      'z/a.csv',
      '\u{1F600}.csv',
      '\uFF21.csv',
    ];
    const mixed = await zipOf(names.map((name) => [name, csv]));
    expect(await namesOf(mixed)).toEqual([
      'B.csv',
      'a_10.csv',
      'a_2.csv',
      'b.csv',
      'z/a.csv',
      '\uFF21.csv',
      '\u{1F600}.csv',
    ]);
  });

  it('are files that end in .csv, in any case, and nothing else', async () => {
    const mixed = await zipOf([
      ['2.CSV', csv],
      ['1.csv', csv],
      ['directory.csv/', ''],
      ['directory.csv/inside.Csv', csv],
      ['__MACOSX/1.csv', csv],
      ['__MACOSX/._1.csv', csv],
      ['._1.csv', csv],
      ['.csv', csv],
      ['1.csv.txt', csv],
      ['readme.md', csv],
      ['csv', csv],
    ]);
    expect(await namesOf(mixed)).toEqual(['1.csv', '2.CSV', 'directory.csv/inside.Csv']);
  });

  it('may be left before their end, also many at once', async () => {
    const noise = randomBytes(3_000_000);
    const large = await zipOf(['1.csv', '2.csv', '3.csv'].map((name) => [name, noise]));
    const files = await readArchive(await fileOf(large), large.length, defaultExportLimits);
    for (let round = 0; round < 20; round++) {
      const reads = files.map((file) => file.open()[Symbol.asyncIterator]());
      await Promise.all(reads.map((read) => read.next()));
      await Promise.all(reads.map((read) => read.return?.()));
    }
    const [first] = files;
    expect(first && (await buffer(first.open())).equals(noise)).toBe(true);
  });

  it.each([
    ['deflated', deflated],
    ['stored', stored],
    ['Zip64', zip64],
  ])('are read as they were written: %s', async (_, zip) => {
    const [file] = await readAll(zip);
    expect(file).toMatchObject({ name: 'a.csv', bytes: 8, header: ['a', 'b'], hasRows: true });
    expect(file && (await text(file.open()))).toBe(csv);
  });
});

describe('bytes around an archive are ignored, as other readers ignore them', () => {
  const long = Buffer.alloc(65_535, 'x');
  const cases: [string, (zip: Buffer) => Buffer][] = [
    ['a page before it', (zip) => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), zip])],
    ['a line end behind it', (zip) => Buffer.concat([zip, Buffer.from('\n')])],
    ['64 KiB behind it', (zip) => Buffer.concat([zip, long])],
    ['both', (zip) => Buffer.concat([long, zip, Buffer.from('\r\n--boundary--')])],
    ['zeros to the end of a block', (zip) => Buffer.concat([zip, Buffer.alloc(512)])],
    [
      'an end record of nothing behind it',
      (zip) => Buffer.concat([zip, Buffer.from('PK\x05\x06'), Buffer.alloc(30, 0xff)]),
    ],
  ];
  it.each(cases)('%s', async (_, surround) => {
    for (const zip of [deflated, stored, zip64]) {
      const [file] = await readAll(surround(zip));
      expect(file && (await text(file.open()))).toBe(csv);
    }
  });

  it('more than 1 MiB behind it is too much', async () => {
    const zip = Buffer.concat([deflated, Buffer.alloc(1024 * 1024)]);
    await expect(readAll(zip)).rejects.toMatchObject({ code: 'export.not-a-zip' });
  });

  it('a comment is ignored, complete or cut off', async () => {
    const commented = Buffer.concat([deflated, Buffer.from('a comment')]);
    commented.writeUInt16LE('a comment'.length, deflated.length - 2);
    for (const zip of [commented, commented.subarray(0, -3)]) {
      expect(await namesOf(zip)).toEqual(['a.csv']);
    }
  });
});

describe('an archive is rejected', () => {
  it.each<[string, string, Buffer, Partial<ExportLimits>?]>([
    ['an empty file', 'export.not-a-zip', Buffer.alloc(0)],
    ['not a ZIP', 'export.not-a-zip', noise],
    ['an HTML page', 'export.not-a-zip', Buffer.from('<!doctype html><title>Log in</title>')],
    ['cut in the directory', 'export.not-a-zip', zip.subarray(0, -30)],
    ['cut in the data', 'export.not-a-zip', zip.subarray(0, 60)],
    ['a ZIP of nothing', 'export.no-csv', nothing],
    ['no CSV', 'export.no-csv', textAlone],
    ['a directory named like a CSV', 'export.no-csv', directory],
    ['a name that climbs', 'export.not-a-zip', renamed(twoCsvs, 'a.csv', '../cs')],
    ['an absolute name', 'export.not-a-zip', renamed(twoCsvs, 'a.csv', '/.csv')],
    ['one name twice', 'export.twice', renamed(twoCsvs, 'b.csv', 'a.csv')],
    ['encrypted', 'export.encrypted', patchDirectory(zip, 8, [1, 0])],
    ['another method', 'export.method', patchDirectory(zip, 10, [12, 0])],
    ['another CRC-32', 'export.corrupt', patchDirectory(zip, 16, [1, 2, 3, 4])],
    ['more bytes than declared', 'export.corrupt', patchDirectory(zip, 24, [9, 0, 0, 0])],
    ['fewer bytes than declared', 'export.corrupt', patchDirectory(zip, 24, [0, 0, 1, 0])],
    ['a wrong local header', 'export.corrupt', patchDirectory(zip, 42, [1, 0, 0, 0])],
    ['too many entries', 'export.entries', twoCsvs, { entries: 1 }],
    ['too much to inflate', 'export.too-large', zip, { inflatedBytes: 3999 }],
    ['an endless header', 'export.csv', endlessHeader],
  ])('%s', async (_, code, bytes, limits) => {
    await expect(readAll(bytes, limits)).rejects.toMatchObject({ code });
  });

  it('damaged data', async () => {
    const damaged = await zipOf([['a.csv', csv.repeat(500), { compress: false }]]);
    damaged.write('9', damaged.indexOf('1,2') + 100);
    await expect(readAll(damaged)).rejects.toMatchObject({ code: 'export.corrupt' });
  });

  it('damaged deflate data', async () => {
    const damaged = Buffer.from(zip);
    damaged.fill(0xff, 40, 50);
    await expect(readAll(damaged)).rejects.toMatchObject({ code: 'export.corrupt' });
  });

  it('not after an error of the disk', async () => {
    const file = await fileOf(zip);
    const [csv] = await readArchive(file, zip.length, defaultExportLimits);
    await file.close();
    if (!csv) throw new Error('no file');
    const disk = { code: 'export.disk' };
    await expect(buffer(csv.open())).rejects.toMatchObject(disk);
  });

  it('a bomb, by the sizes it declares', async () => {
    const bomb = await zipOf([['a.csv', Buffer.alloc(20_000_000, 'a')]]);
    await expect(readAll(bomb)).rejects.toMatchObject({ code: 'export.ratio' });
  });

  it('a bomb that declares less than it holds', async () => {
    const bomb = await zipOf([['a.csv', Buffer.alloc(20_000_000, 'a')]]);
    const lying = patchDirectory(bomb, 24, [100, 0, 0, 0]);
    await expect(readAll(lying)).rejects.toMatchObject({ code: 'export.corrupt' });
  });

  it('entries that share their bytes, although each is within the ratio', async () => {
    const text = `a\n${'0123456789\n'.repeat(1_640_000)}`;
    const zip = await zipOf([['a.csv', text]]);
    const limits = { ratio: Math.ceil(text.length / zip.length) + 60 };
    await expect(readAll(zip, limits)).resolves.toHaveLength(1);
    const start = zip.indexOf('PK\x01\x02');
    const record = zip.subarray(start, zip.indexOf('PK\x05\x06'));
    const end = Buffer.from(zip.subarray(start + record.length));
    const other = Buffer.from(record.toString('latin1').replace('a.csv', 'b.csv'), 'latin1');
    end.writeUInt16LE(2, 10);
    const overlapping = Buffer.concat([zip.subarray(0, start), record, other, end]);
    await expect(readAll(overlapping, limits)).rejects.toMatchObject({ code: 'export.ratio' });
  });
});

describe('the header of a CSV', () => {
  const bom = '\uFEFF';

  it.each<[string, string, object]>([
    ['nothing', '', { header: [], hasRows: false }],
    ['a byte order mark alone', bom, { header: [], hasRows: false }],
    ['a header alone', 'a,b', { header: ['a', 'b'], hasRows: false }],
    ['a header and line breaks', 'a,b\r\n\r\n', { header: ['a', 'b'], hasRows: false }],
    ['a byte order mark', `${bom}a,b\n1,2`, { header: ['a', 'b'], hasRows: true }],
    ['CRLF', 'a,b\r\n1,2\r\n', { header: ['a', 'b'], hasRows: true }],
    ['quotes', '"a ""x""","b\n,c",d\n1,2,3', { names: ['a__x_', 'b__c', 'd'], hasRows: true }],
    ['an empty last name', 'a,\n1,2', { names: ['a', 'column_2'], unnamed: [1], hasRows: true }],
  ])('%s', async (_, content, expected) => {
    const [file] = await readAll(await zipOf([['a.csv', content]]));
    expect(file).toMatchObject(expected);
  });

  it('finds the rows behind a first chunk that ends with the header', async () => {
    const header = Array.from({ length: 8000 }, (_, index) => `column_${index}`).join(',');
    const [file] = await readAll(
      await zipOf([['a.csv', `${header}\n${'\n'.repeat(2_000_000)}${','.repeat(7999)}\n`]]),
    );
    expect(file?.names).toHaveLength(8000);
    expect(file?.hasRows).toBe(true);
  });
});
