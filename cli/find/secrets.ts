import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { RelayError } from '../../shared/errors.ts';

/**
 * The environment of the process, and what only the secrets file has. A missing file counts as empty.
 *
 * @throws RelayError `secrets.unreadable`
 */
export function readSecrets(file: string): NodeJS.ProcessEnv {
  return { ...readSecretsFile(file), ...process.env };
}

/**
 * What the secrets file has. A missing file counts as empty.
 *
 * @throws RelayError `secrets.unreadable`
 */
export function readSecretsFile(file: string): NodeJS.ProcessEnv {
  return parseEnv(readText(file));
}

function readText(file: string): string {
  if (!existsSync(file)) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const problem = `${file} can't be read as a file of secrets: ${(cause as Error).message}`;
    throw new RelayError('secrets.unreadable', problem, { cause });
  }
}
