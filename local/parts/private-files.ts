// The relay's files on this machine contain payloads and secrets, so only their owner may read them, whatever
// the umask. Windows has no such modes.

import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { RelayError } from '../../shared/errors.ts';

const hasModes = process.platform !== 'win32';
const others = 0o077;
const sticky = 0o1000;
/** The relay's own entries in its folder. Other entries are not changed. */
const ownEntries = ['pubsub', 'bigquery', 'stack.json', 'version.json'];

/**
 * Creates the folder with mode 0700, or restricts an existing folder and the relay's files in it. Returns a
 * warning if a mode had to be changed, or could not be changed.
 *
 * @throws RelayError `state.unusable`
 */
export function makePrivateFolder(folder: string): string | undefined {
  makeFolder(folder);
  if (!hasModes) return undefined;
  try {
    const wasOpen = !isShared(folder) && tighten(folder, 0o700);
    const opened = ownEntries.filter((name) => tightenBelow(join(folder, name)));
    if (wasOpen) return `${folder} could be read by others on this machine: it is now yours alone.`;
    if (opened.length === 0) return undefined;
    return `${opened.join(', ')} in ${folder} could be read by others on this machine: now yours alone.`;
  } catch (error) {
    return `${folder} may be read by others on this machine, and its mode can't be changed (${(error as Error).message}).`;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'EEXIST' || code === 'ENOTDIR'
        ? `${folder} is a file, or below one, and the state needs a folder`
        : `the state folder ${folder} can't be written: ${message}`;
    throw new RelayError('state.unusable', problem, { cause });
  }
}

/** Whether the folder has other uses: the working directory, a folder above it, or one such as /tmp. */
function isShared(folder: string): boolean {
  const way = relative(realpathSync(folder), realpathSync('.'));
  const holdsWork = !way.startsWith('..');
  return holdsWork || (statSync(folder).mode & sticky) !== 0;
}

/** Returns true if other users had access before. */
function tighten(path: string, mode: number): boolean {
  const now = statSync(path).mode & 0o777;
  // With a umask of 0777 even the owner has no access, so owner rights are added too.
  if (now === mode || ((now & others) === 0 && (now & mode) === mode)) return false;
  chmodSync(path, mode);
  return (now & others) !== 0;
}

/** Restricts a folder and everything in it. Symbolic links are skipped, because they may point anywhere. */
function tightenBelow(path: string): boolean {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (!entry) return false;
  const wasOpen = tighten(path, entry.isDirectory() ? 0o700 : 0o600);
  if (!entry.isDirectory()) return wasOpen;
  const below = readdirSync(path, { withFileTypes: true }).filter(
    (child) => child.isFile() || child.isDirectory(),
  );
  return below.map(({ name }) => tightenBelow(join(path, name))).includes(true) || wasOpen;
}

/**
 * Appends text to a file that only its owner can read. A new file gets its mode before the first byte, an
 * existing file before the text is added. Returns a warning if the mode had to be changed, or could not be.
 *
 * @throws the system's error if the file cannot be written
 */
export function appendPrivately(file: string, text: string): string | undefined {
  const descriptor = openSync(file, 'a', 0o600);
  try {
    const said = hasModes ? tightenOpen(file, descriptor) : undefined;
    writeFileSync(descriptor, text);
    return said;
  } finally {
    closeSync(descriptor);
  }
}

function tightenOpen(file: string, descriptor: number): string | undefined {
  const { mode, size } = fstatSync(descriptor);
  // Wrong if the umask left the owner no rights, or if others may read the file.
  const isRight = (mode & 0o777) === 0o600 || ((mode & others) === 0 && size > 0);
  if (isRight) return undefined;
  try {
    fchmodSync(descriptor, 0o600);
  } catch (error) {
    return `${file} can be read by others on this machine, and its mode can't be changed (${(error as Error).message}): keep your secrets elsewhere.`;
  }
  if ((mode & others) === 0) return undefined;
  return `${file} could be read by others on this machine: it is now yours alone (mode 0600).`;
}
