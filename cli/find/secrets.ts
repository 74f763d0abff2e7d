import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { privateKeyName } from '../../local/secrets.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { hasKeyPair } from '../../shared/signatures/scheme.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';

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

/**
 * What signs as the sender of the stream does: its first secret, or the private key of a sender that is made up.
 *
 * @param options the name of another variable, and the file of the secrets
 * @throws RelayError `secret.missing`, or `secret.private` if only the sender can sign
 */
export function findSigningSecret(
  stream: RelayStream,
  { secret, secrets }: { secret?: string; secrets: string },
): string {
  const known = readSecrets(secrets);
  const own = stream.secrets[0] ?? '';
  const isPair = secret === undefined && hasKeyPair(schemeOf(stream));
  const name = secret ?? (isPair ? privateKeyName(own) : own);
  const value = known[name];
  if (value) return value;
  if (isPair && known[own]) {
    const problem = `only the sender can sign for the stream "${stream.name}", with its private key`;
    throw new RelayError('secret.private', problem);
  }
  const problem = `${name} is neither in the environment nor in ${secrets}`;
  throw new RelayError('secret.missing', problem);
}
