import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { RelayStream } from '../../shared/config/config.ts';
import { secretPrefix } from '../../shared/config/secrets.ts';

/** The environment of the process, and what only the secrets file has. A missing file counts as empty. */
export function readSecrets(file: string): NodeJS.ProcessEnv {
  return { ...readSecretsFile(file), ...process.env };
}

/** What the secrets file has. A missing file counts as empty. */
export function readSecretsFile(file: string): NodeJS.ProcessEnv {
  return parseEnv(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

/** The names of the secrets that the Worker reads for a stream. */
export function edgeSecrets({ name, secrets, handshake }: RelayStream): readonly string[] {
  return handshake === 'meta' ? [...secrets, `${secretPrefix(name)}_VERIFY_TOKEN`] : secrets;
}
