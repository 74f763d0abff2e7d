// What a relay keeps on this machine holds payloads and secrets: its owner alone may read it, whatever the
// umask. Windows has no such modes.

import {
  chmodSync,
  closeSync,
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

const hasModes = process.platform !== 'win32';
const others = 0o077;
const sticky = 0o1000;
/** What the relay makes in its folder; whatever else may lie there is not touched. */
const ownEntries = ['pubsub', 'bigquery', 'stack.json', 'version.json'];

/**
 * Makes the folder with mode 0700, or tightens the one that is there, and what the relay has put in it.
 * Returns a sentence for its owner where something had to be tightened, or could not be.
 */
export function makePrivateFolder(folder: string): string | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
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

/** The folder that one works in, one above it, or such as /tmp: it holds more than the relay's state. */
function isShared(folder: string): boolean {
  const way = relative(realpathSync(folder), realpathSync('.'));
  const holdsWork = !way.startsWith('..');
  return holdsWork || (statSync(folder).mode & sticky) !== 0;
}

/** True where others had rights, which they no longer have. */
function tighten(path: string, mode: number): boolean {
  const now = statSync(path).mode & 0o777;
  // A folder made under a umask of 0777 could not be used by its owner either.
  if (now === mode || ((now & others) === 0 && (now & mode) === mode)) return false;
  chmodSync(path, mode);
  return (now & others) !== 0;
}

/** The same for all that is below, symbolic links left out: they may lead anywhere. */
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
 * Adds text at the end of a file that its owner alone can read: made so before the first byte is in it, or
 * tightened before what is added. Returns a sentence where it had to be tightened, or could not be.
 *
 * @throws the system's error where it can't be written
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
  // One that the umask left its owner no right to, or that others may read.
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
