// A data folder of the local servers: one server at a time, and what is wrong with it has a name.

import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, RelayError } from '../shared/errors.ts';

/** The files that servers of this process have open. */
const openFiles = new Set<string>();

/**
 * Creates the folder if it is missing, and opens a server's file in it. One server has it: neither SQLite nor DuckDB
 * can tell two servers of one process apart, because the system's locks are those of a process.
 *
 * @returns what `open` returns, and `release`, to be called when the file is closed
 * @throws RelayError `state.locked`, `state.corrupt`, `state.unusable` or `state.version`
 */
export async function openDataFile<T>(
  directory: string,
  fileName: string,
  open: (file: string) => T | Promise<T>,
): Promise<{ opened: T; release: () => void }> {
  const file = join(directory, fileName);
  let key: string | undefined;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const real = join(realpathSync(directory), fileName);
    if (openFiles.has(real)) {
      throw new RelayError('state.locked', `${file} is locked by another server of this process`);
    }
    openFiles.add(real);
    key = real;
    return { opened: await open(file), release: () => void openFiles.delete(real) };
  } catch (error) {
    if (key !== undefined) openFiles.delete(key);
    throw nameDataError(file, error);
  }
}

/** An error of the system, of SQLite or of DuckDB at a data file, by its cause. Others stay what they are. */
function nameDataError(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RelayError) return error;
  const named = causeOf(error);
  if (!named) return error;
  const [code, problem] = named;
  return new RelayError(code, `${file} ${problem}`, { cause: error });
}

function causeOf(
  error: NodeJS.ErrnoException & { errcode?: number },
): [ErrorCode, string] | undefined {
  const { code = '', message, errcode } = error;
  if (errcode !== undefined) return sqliteCauses.get(errcode & 0xff);
  // Settings are kept as JSON.
  if (error instanceof SyntaxError) return ['state.corrupt', 'has settings that are no JSON'];
  if (unwritable.has(code)) return ['state.unusable', `can't be written: ${message}`];
  const [, pid] = /set lock on file.*\(PID (\d+)\)/s.exec(message) ?? [];
  if (pid !== undefined) return ['state.locked', `is locked by another server (process ${pid})`];
  if (/set lock on file/.test(message)) return ['state.locked', 'is locked by another server'];
  if (/with version number/.test(message)) {
    return ['state.version', 'was written by another version of DuckDB'];
  }
  if (/Permission denied|Read-only file system|No space left|Is a directory/.test(message)) {
    return ['state.unusable', `can't be written: ${message.split('\n')[0]}`];
  }
  // Its own words for a file that is none of its own, or no longer whole.
  return /not a valid DuckDB|enough bytes|[Cc]orrupt|checksum|INTERNAL|Failed to load|Serialization|replaying WAL/.test(
    message,
  )
    ? ['state.corrupt', `is no DuckDB database, or a damaged one: ${message.split('\n')[0]}`]
    : undefined;
}

const unwritable = new Set(
  'EACCES EEXIST EISDIR ENAMETOOLONG ENOENT ENOSPC ENOTDIR EPERM EROFS'.split(' '),
);

/** https://www.sqlite.org/rescode.html */
const sqliteCauses = new Map<number, [ErrorCode, string]>([
  [5, ['state.locked', 'is locked by another server']],
  [6, ['state.locked', 'is locked by another server']],
  [8, ['state.unusable', "can't be written: it is read-only"]],
  [10, ['state.unusable', "can't be read or written: the disk reports an error"]],
  [11, ['state.corrupt', 'is a damaged SQLite database']],
  [13, ['state.unusable', "can't be written: the disk is full"]],
  [14, ['state.unusable', "can't be opened"]],
  [26, ['state.corrupt', 'is no SQLite database, or a damaged one']],
]);
