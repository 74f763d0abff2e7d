import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RelayError } from '../../shared/errors.ts';

const fileName = 'tributary.config.ts';
/** Set by `--config`, so that the processes that a command starts read the same file. */
const variable = 'TRIBUTARY_CONFIG';

/** From now on this process, and those that it starts, use this config file. */
export function useConfig(file: string): void {
  process.env[variable] = resolve(file);
}

/**
 * The config file: the one that `--config` or TRIBUTARY_CONFIG names, else the nearest in the current folder
 * and the folders above it. Absent if there is none.
 */
function findConfig(): string | undefined {
  const named = process.env[variable];
  if (named) return resolve(named);
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = join(folder, fileName);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The path of the config file.
 *
 * @throws RelayError `config.missing`
 */
export function requireConfig(): string {
  const file = findConfig();
  if (file !== undefined && existsSync(file)) return file;
  throw new RelayError(
    'config.missing',
    file === undefined
      ? `there is no ${fileName} in ${process.cwd()}, or in a folder above it`
      : `there is no config file ${file}`,
  );
}

/** The folder of the config: state, secrets and wrangler.toml stand beside it. The current one if there is none. */
export function projectFolder(): string {
  const file = findConfig();
  return file === undefined ? process.cwd() : dirname(file);
}
