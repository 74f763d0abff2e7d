import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The environment of the process, and what only the secrets file has. A missing file counts as empty. */
export function readSecrets(file: string): NodeJS.ProcessEnv {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { ...parseEnv(text), ...process.env };
}
