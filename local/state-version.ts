import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RelayError } from '../shared/errors.ts';
import { version } from '../subscriber/service/version.ts';

/** To be raised with every change after which an older version can't read what a newer one has written. */
const layout = 2;

const fileName = 'version.json';

interface StateVersion {
  /** The version of Tributary that wrote the state last. */
  tributary: string;
  layout: number;
}

/**
 * Checks which version wrote the state in a folder, then marks it as this version's. A folder without the mark
 * is new, or older than the mark, and has the first layout.
 *
 * @throws RelayError `state.version` if a newer version wrote it, or the mark can't be read
 */
export function claimState(directory: string): void {
  const file = join(directory, fileName);
  const found = readVersion(file);
  if (found && found.layout > layout) {
    throw new RelayError(
      'state.version',
      `${directory} was written by Tributary ${found.tributary} (layout ${found.layout}), and this is ${version} (layout ${layout})`,
    );
  }
  if (found?.tributary === version && found.layout === layout) return;
  const mark: StateVersion = { tributary: version, layout };
  // Renamed, so that a crash leaves no half of it behind.
  writeFileSync(`${file}.new`, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readVersion(file: string): StateVersion | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, error as Error);
  }
  try {
    const { tributary, layout } = JSON.parse(text) as Partial<StateVersion>;
    if (typeof tributary === 'string' && Number.isInteger(layout)) {
      return { tributary, layout: Number(layout) };
    }
  } catch {
    // Not JSON: the same as JSON without a version.
  }
  throw unreadable(file, new Error('it does not contain a version'));
}

function unreadable(file: string, cause: Error): RelayError {
  return new RelayError('state.version', `${file} can't be read: ${cause.message}`, { cause });
}
