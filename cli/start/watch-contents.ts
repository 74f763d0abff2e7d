import { readFileSync, unwatchFile, watchFile } from 'node:fs';

const pollMs = 300;
/** Editors write a file in several steps. */
const settleMs = 100;

export interface Watch {
  /** What the files hold now is no change. */
  accept(): void;
  stop(): void;
}

/**
 * Calls `onChange` with the files whose content is another than before: also where an editor replaces the file, and
 * where a file appears or goes. It polls, because the system's own events do not cross the borders of containers.
 */
export function watchContents(
  files: readonly string[],
  onChange: (changed: readonly string[]) => void,
): Watch {
  let known = read(files);
  let settled: NodeJS.Timeout | undefined;
  const compare = () => {
    const now = read(files);
    const changed = files.filter((file) => now.get(file) !== known.get(file));
    known = now;
    if (changed.length > 0) onChange(changed);
  };
  const listener = () => {
    clearTimeout(settled);
    settled = setTimeout(compare, settleMs);
  };
  for (const file of files) watchFile(file, { interval: pollMs }, listener);
  return {
    accept() {
      known = read(files);
    },
    stop() {
      clearTimeout(settled);
      for (const file of files) unwatchFile(file, listener);
    },
  };
}

function read(files: readonly string[]): Map<string, string | undefined> {
  return new Map(files.map((file) => [file, readOne(file)]));
}

function readOne(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
