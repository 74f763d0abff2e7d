import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../../shared/errors.ts';
import { defaultExportLimits } from '../../subscriber/exports/archive/limits.ts';
import { type ArchivedFile, readArchive } from '../../subscriber/exports/archive/zip-archive.ts';

export interface ImportFile {
  name: string;
  /** How many `open` yields; unknown for a pipe. */
  bytes?: number;
  open: () => AsyncIterable<Uint8Array>;
}

const readable = /\.(?:csv|jsonl|ndjson|json)(?:\.gz)?$|\.zip$/i;

/**
 * The files of a path, one by one: a file, the CSVs of a ZIP, the CSV, JSON and ZIP files of a folder, in the
 * order of their names; or standard input for `-`.
 *
 * A ZIP that is damaged or exceeds the limits of exports is a file whose `open` fails (RelayError `export.*`).
 *
 * @throws RelayError `import.no-file`
 */
export async function* importFiles(
  path: string,
  standardInput: AsyncIterable<Uint8Array> = process.stdin,
): AsyncGenerator<ImportFile> {
  if (path === '-') {
    yield { name: 'standard input', open: () => standardInput };
    return;
  }
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new RelayError('import.no-file', `there is no ${path}`);
  if (!found.isDirectory()) {
    yield* filesIn(path);
    return;
  }
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && readable.test(entry.name))
    .map(({ name }) => name);
  if (names.length === 0) {
    throw new RelayError('import.no-file', `no CSV, NDJSON or ZIP file is in ${path}`);
  }
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) yield* filesIn(join(path, name));
}

async function* filesIn(path: string): AsyncGenerator<ImportFile> {
  const file = await open(path).catch((cause: Error) => {
    const problem = `it can't be read: ${cause.message}`;
    return new RelayError('import.no-file', problem, { cause });
  });
  if (file instanceof RelayError) {
    yield { name: path, open: () => failing(file) };
    return;
  }
  try {
    const { size } = await file.stat();
    if (!(await isZip(file))) {
      // A pipe (`<(…)`) has no size and can't be read twice.
      const bytes = size > 0 ? { bytes: size } : {};
      yield { name: path, ...bytes, open: () => createReadStream(path) };
      return;
    }
    let entries: ArchivedFile[];
    try {
      entries = await readArchive(file, size, defaultExportLimits);
    } catch (error) {
      // Reported when the file is opened, as the problems of other files are.
      yield { name: path, open: () => failing(error) };
      return;
    }
    for (const entry of entries) {
      yield { name: `${path}: ${entry.name}`, bytes: entry.bytes, open: entry.open };
    }
  } finally {
    await file.close();
  }
}

function failing(error: unknown): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

async function isZip(file: FileHandle): Promise<boolean> {
  if (!(await file.stat()).isFile()) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return bytesRead === 4 && buffer.readUInt32LE(0) === 0x0403_4b50;
}
