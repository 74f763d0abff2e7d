import type { FileHandle } from 'node:fs/promises';
import type { Entry, ZipFile } from 'yauzl';
import { RelayError } from '../../../shared/errors.ts';
import { inflate } from './inflate.ts';
import type { ExportLimits } from './limits.ts';
import { openZip } from './open-zip.ts';

/** One CSV of an archive. Its name is data: it never becomes a path. */
export interface ArchivedFile {
  name: string;
  /** Inflated, as the central directory has it. */
  bytes: number;
  crc32: number;
  /** Inflates the file from its beginning. Its last bytes come only if the whole is sound: see inflate.ts. */
  readonly open: () => AsyncIterable<Buffer>;
}

/**
 * The CSVs of a ZIP, in file-name order: `*.csv` in any case, in any folder, but neither directories nor
 * what macOS adds (`__MACOSX/`, `._x.csv`).
 *
 * @param bytes the size of the ZIP
 * @throws RelayError `export.*`: no ZIP, no CSV, encrypted, beyond a limit
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
      `the ZIP holds no CSV file among its ${entries.length} entries`,
    );
  }
  csvs.sort((a, b) => compareNames(a.fileName, b.fileName));
  requireSound(csvs);
  requireWithin(csvs, bytes, limits);
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
  // What the archive says of itself: asked before a single entry is kept in memory.
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

/** By code points, as Python's sort, which the vendor's loader uses: UTF-8 keeps their order. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** @param csvs in file-name order */
function requireSound(csvs: readonly Entry[]): void {
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
      throw new RelayError('export.twice', `the ZIP holds ${name} twice`);
    }
  }
}

/** By the sizes that the archive declares: a file that inflates to more is stopped when it does. */
function requireWithin(csvs: readonly Entry[], bytes: number, limits: ExportLimits): void {
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
  // Against entries that share their compressed bytes.
  if (isBomb(inflated, bytes, limits.ratio)) throw bomb('the ZIP', limits.ratio);
}

/** A small file may be as repetitive as it likes. */
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
  // What the disk does says nothing about the archive.
  if (syscall) return error as Error;
  return new RelayError('export.not-a-zip', `the file is not a readable ZIP: ${message}`, {
    cause: error,
  });
}
