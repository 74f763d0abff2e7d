import type { FileHandle } from 'node:fs/promises';
import type { Entry, ZipFile } from 'yauzl';
import { RelayError } from '../../../shared/errors.ts';
import { inflate } from './inflate.ts';
import type { ExportLimits } from './limits.ts';
import { openZip } from './open-zip.ts';

/** One CSV of an archive. Its name is data and never becomes a path. */
export interface ArchivedFile {
  name: string;
  /** Inflated, as the central directory declares. */
  bytes: number;
  crc32: number;
  /** Inflates the file from its beginning. The last bytes come only if the whole file is intact: see inflate.ts. */
  readonly open: () => AsyncIterable<Buffer>;
}

/**
 * The CSVs of a ZIP, in file-name order: `*.csv` in any case and any folder, except directories and what
 * macOS adds (`__MACOSX/`, `._x.csv`).
 *
 * @param bytes the size of the ZIP
 * @throws RelayError `export.*` when it is not a ZIP, has no CSV, is encrypted, or exceeds a limit
 */
export async function readArchive(
  file: FileHandle,
  bytes: number,
  limits: ExportLimits,
): Promise<ArchivedFile[]> {
  if (bytes === 0) throw new RelayError('export.not-a-zip', 'the ZIP is empty: 0 bytes');
  const { zip, start } = await openArchive(file, bytes);
  const entries = await readEntries(zip, limits.entries);
  const csvs = entries.filter((entry) => isCsv(entry.fileName));
  if (csvs.length === 0) {
    throw new RelayError(
      'export.no-csv',
      `the ZIP contains no CSV file among its ${entries.length} entries`,
    );
  }
  csvs.sort((a, b) => compareNames(a.fileName, b.fileName));
  requireReadable(csvs);
  requireWithinLimits(csvs, bytes, limits);
  return csvs.map((entry) => ({
    name: entry.fileName,
    bytes: entry.uncompressedSize,
    crc32: entry.crc32,
    open: () => inflate(file, zip, entry, start),
  }));
}

async function openArchive(file: FileHandle, bytes: number) {
  try {
    return await openZip(file, bytes);
  } catch (error) {
    throw unreadable(error);
  }
}

async function readEntries(zip: ZipFile, maxEntries: number): Promise<Entry[]> {
  // As the archive declares, so that no entry has to be in memory before.
  if (zip.entryCount > maxEntries) throw tooManyEntries(zip.entryCount, maxEntries);
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throw unreadable(error);
  }
  return entries;
}

function isCsv(name: string): boolean {
  const folders = name.split('/');
  const file = folders.pop() ?? '';
  return /\.csv$/i.test(file) && !file.startsWith('.') && !folders.includes('__MACOSX');
}

/** By code points, like Python's sort in the vendor's loader. UTF-8 keeps their order. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** @param csvs in file-name order */
function requireReadable(csvs: readonly Entry[]): void {
  for (const [index, entry] of csvs.entries()) {
    const name = entry.fileName;
    if (entry.isEncrypted()) throw new RelayError('export.encrypted', `${name} is encrypted`);
    if (!entry.canDecodeFileData()) {
      const method = entry.compressionMethod;
      throw new RelayError(
        'export.method',
        `${name} is compressed by method ${method}: only deflate is supported`,
      );
    }
    if (csvs[index - 1]?.fileName === name) {
      throw new RelayError('export.twice', `the ZIP contains ${name} twice`);
    }
  }
}

/** By the declared sizes. A file that inflates to more is stopped when it does. */
function requireWithinLimits(csvs: readonly Entry[], bytes: number, limits: ExportLimits): void {
  const inflated = csvs.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  if (inflated > limits.inflatedBytes) {
    throw new RelayError(
      'export.too-large',
      `the CSVs are too large: ${inflated} bytes, and ${limits.inflatedBytes} are allowed`,
    );
  }
  for (const { fileName, uncompressedSize, compressedSize } of csvs) {
    if (isBomb(uncompressedSize, compressedSize, limits.ratio)) throw bomb(fileName, limits.ratio);
  }
  // Entries may share their compressed bytes.
  if (isBomb(inflated, bytes, limits.ratio)) throw bomb('the ZIP', limits.ratio);
}

/** A small file may have any ratio. */
const harmlessBytes = 16 * 1024 * 1024;

function isBomb(inflated: number, compressed: number, ratio: number): boolean {
  return inflated > harmlessBytes && inflated > compressed * ratio;
}

function bomb(what: string, ratio: number): Error {
  return new RelayError('export.ratio', `${what} inflates to more than ${ratio} times its size`);
}

function tooManyEntries(count: number, max: number): Error {
  return new RelayError('export.entries', `the ZIP has ${count} entries, and ${max} are allowed`);
}

function unreadable(error: unknown): Error {
  const { message, syscall } = error as NodeJS.ErrnoException;
  // An error of the disk says nothing about the archive.
  if (syscall) return error as Error;
  return new RelayError('export.not-a-zip', `the file is not a readable ZIP: ${message}`, {
    cause: error,
  });
}
