import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RelayError } from '../../../shared/errors.ts';

export interface FileToWrite {
  /** From the folder of the project. */
  name: string;
  text: string;
  /** 0644 by default, or that of the file that is replaced. */
  mode?: number;
}

interface StagedFile {
  temporary: string;
  path: string;
}

/**
 * Writes all files or none: each is first written under another name, and only then do all of them get their own, in
 * the order of the list. Ctrl-C waits until that is done.
 *
 * @throws RelayError `init.unwritable`
 */
export function writeFiles(folder: string, files: readonly FileToWrite[]): void {
  const wait = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, wait);
  const made: string[] = [];
  const staged: StagedFile[] = [];
  try {
    for (const file of files) staged.push(stage(join(folder, file.name), file, made));
    for (const { temporary, path } of staged) renameSync(temporary, path);
  } catch (cause) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    for (const path of made) rmSync(path, { recursive: true, force: true });
    const reason = (cause as Error).message;
    throw new RelayError('init.unwritable', `nothing was written: ${reason}`, { cause });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, wait);
  }
}

/** @param made gets the topmost folder that had to be made */
function stage(target: string, { text, mode }: FileToWrite, made: string[]): StagedFile {
  const first = mkdirSync(dirname(target), { recursive: true });
  if (first !== undefined) made.push(first);
  // A link stays a link.
  const path = existsSync(target) ? realpathSync(target) : target;
  const old = statSync(path, { throwIfNoEntry: false });
  // Renaming would replace a file that its owner has protected.
  if (old) accessSync(path, constants.W_OK);
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: mode ?? (old ? old.mode & 0o777 : 0o644), flag: 'wx' });
  return { temporary, path };
}
