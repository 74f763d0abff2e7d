import { makeSecretFor, privateKeyName } from '../../../local/secrets.ts';
import type { RelayStream } from '../../../shared/config/config.ts';
import { misreadSecrets } from '../../../shared/config/secrets.ts';
import { RelayError } from '../../../shared/errors.ts';
import { readSecretsFile } from '../../find/secrets.ts';
import type { SecretStore } from '../cloudflare/secret-store.ts';
import { removeVariable, setVariable } from './secrets-file.ts';

/** Where a secret is kept. */
export interface SecretPlaces {
  /** Of the config and wrangler.toml. */
  folder: string;
  /** `.dev.vars` */
  file: string;
  /** At Cloudflare. Absent with `--local-only`. */
  store?: SecretStore;
}

export interface SecretState {
  name: string;
  /** In the secrets file. */
  here: 'present' | 'generated' | 'set' | 'kept' | 'removed' | 'absent';
  /** Absent with `--local-only`. */
  cloudflare?: 'present' | 'set' | 'removed' | 'absent';
}

/** What a command did. */
export interface SecretReport {
  stream: string;
  /** False if the user must do something first. */
  done: boolean;
  secrets: SecretState[];
  /** What the user does next, in order. */
  next: string[];
}

export interface SecretValues {
  /** What the user gives. */
  given?: string | undefined;
  /** What the secrets file has. */
  known?: string | undefined;
}

/**
 * Sets a secret here, then at Cloudflare: the given one, else the one that is here, else a generated one. One that
 * Cloudflare has is replaced only by a given one.
 *
 * @throws RelayError `secret.invalid`, `secret.key-pair` or `wrangler.failed`
 */
export async function storeSecret(
  stream: RelayStream,
  name: string,
  { given, known }: SecretValues,
  { file, store }: SecretPlaces,
): Promise<SecretState> {
  // In place of the sender's own: of use on this machine alone.
  const isMadeUp = readSecretsFile(file)[privateKeyName(name)] !== undefined;
  const value = given ?? ((isMadeUp && store ? undefined : known) || makeSecretFor(stream));
  if (value === undefined) {
    const problem = `${name} can't be generated: the sender of "${stream.name}" has a key pair, and ${name} is its public key`;
    throw new RelayError('secret.key-pair', problem);
  }
  if (value !== known) setVariable(file, name, value);
  if (value !== known && isMadeUp) removeVariable(file, privateKeyName(name));
  const here = value === known ? 'present' : given === undefined ? 'generated' : 'set';
  if (!store) return { name, here };
  const isThere = (await store.names()).includes(name);
  if (isThere && given === undefined) return { name, here, cloudflare: 'present' };
  await store.put(name, value);
  return { name, here, cloudflare: 'set' };
}

const pem = /^-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END [A-Z ]+-----$/;

/**
 * A secret as the user gave it, checked. A PEM becomes its base64: some readers of `.dev.vars` know only single lines.
 *
 * @throws RelayError `secret.invalid`, which never quotes the secret
 */
export async function readGiven(stream: RelayStream, name: string, text: string): Promise<string> {
  const trimmed = text.trim();
  const value = pem.exec(trimmed)?.[1]?.replaceAll(/\s/g, '') ?? trimmed;
  const problem = await problemOf(stream, name, value);
  if (problem === undefined) return value;
  throw new RelayError('secret.invalid', `${name} was not set: ${problem}`);
}

async function problemOf(
  stream: RelayStream,
  name: string,
  value: string,
): Promise<string | undefined> {
  if (value === '') return 'what was given is empty';
  const lines = value.split(/\r\n|\r|\n/).length;
  if (lines > 1) return `what was given has ${lines} lines, and a secret is one`;
  if (/\p{Cc}/u.test(value)) return 'what was given has a control character';
  const [misread] = await misreadSecrets({ ...stream, secrets: [name] }, () => value);
  return misread;
}
