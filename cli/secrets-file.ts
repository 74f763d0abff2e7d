import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** What the process was started with, and below it what the secrets' file holds. */
export function readSecretsOver(file: string): NodeJS.ProcessEnv {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { ...parseEnv(text), ...process.env };
}
