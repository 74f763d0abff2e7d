import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { accountSecret, secretPrefix, verifyTokenName } from '../shared/config/secrets.ts';
import { RelayError } from '../shared/errors.ts';
import { hasKeyPair, type Scheme } from '../shared/signatures/scheme.ts';
import { schemeOf } from '../shared/signatures/schemes.ts';
import { sources } from '../shared/sources/registry.ts';
import { appendPrivately } from './parts/private-files.ts';

export type Secrets = Record<string, string>;

/**
 * Generates a secret in the form that the stream's sender uses. Undefined if the sender signs with a private key: a
 * key pair cannot be generated here.
 */
export function makeSecretFor(stream: Pick<RelayStream, 'scheme'>): string | undefined {
  const spec = schemeOf(stream);
  return hasKeyPair(spec) ? undefined : makeSecretOf(spec);
}

/** How to generate each secret that the relay needs: its value, and for a key pair the private key too. */
function secretGenerators(relay: Relay): Map<string, () => Secrets> {
  const generators = new Map<string, () => Secrets>();
  const add = (name: string, make: () => string) =>
    generators.set(name, () => ({ [name]: make() }));
  add(accountSecret, () => makeServiceAccount(relay.project));
  for (const stream of relay.streams.values()) {
    const scheme = schemeOf(stream);
    // With a certificate the secret is the id of a webhook, and the sender has the only key.
    const isFetched = 'certificate' in scheme;
    for (const name of stream.secrets) {
      const { algorithm } = scheme;
      if (!hasKeyPair(scheme)) add(name, () => makeSecretOf(scheme));
      else if (!isFetched) generators.set(name, () => makeKeyPair(name, algorithm));
    }
    if (stream.handshake === 'meta') add(verifyTokenName(stream.name), makeKey);
    if (hasApi(stream)) add(apiKeyName(stream.name), makeKey);
  }
  return generators;
}

/** The name under which `tributary send` finds the private key of a sender that is only made up here. */
export function privateKeyName(secret: string): string {
  return `${secret}_PRIVATE_KEY`;
}

/** In place of the sender's: its public key as it is configured, and the private key in PKCS #8, base64. */
function makeKeyPair(name: string, algorithm: Scheme['algorithm']): Secrets {
  const { publicKey, privateKey } =
    algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : algorithm === 'rsa-sha256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    [name]: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    [privateKeyName(name)]: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  };
}

/** Whether there is a stand-in for the sender's own API. */
function hasApi({ source }: RelayStream): boolean {
  return sources[source].delivers === 'exports' || source === 'datanostro';
}

/** A secret in the form that the scheme's senders use. */
function makeSecretOf(scheme: Scheme): string {
  if ('at' in scheme) return scheme.algorithm === 'basic' ? `tributary:${makeKey()}` : makeKey();
  if (scheme.key === 'braintree') return `${makeKey()}|${makeKey()}`;
  const encoding = (
    {
      utf8: 'base64url',
      whsec: 'base64',
      hex: 'hex',
      base64: 'base64',
      'public-key': 'base64',
      certificate: 'base64url',
    } as const
  )[scheme.key];
  return (scheme.key === 'whsec' ? 'whsec_' : '') + randomBytes(24).toString(encoding);
}

/** Generates every secret that the relay needs. */
export function makeSecrets(relay: Relay): Secrets {
  return Object.assign({}, ...[...secretGenerators(relay).values()].map((make) => make()));
}

/** The name of the secret for the sender's API of exports or history. */
export function apiKeyName(streamName: string): string {
  return `${secretPrefix(streamName)}_API_KEY`;
}

export interface CompletedSecrets {
  secrets: Secrets;
  added: string[];
  tightened?: string;
}

/**
 * Reads `.dev.vars` and appends missing secrets; existing lines stay as they are. Returns all values and the
 * names of the added ones. Only the owner can read the file afterwards; `tightened` is a warning if others
 * could read it before.
 *
 * @throws RelayError `secrets.unreadable`
 */
export function completeSecrets(file: string, relay: Relay): CompletedSecrets {
  const text = useFile(file, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  const { more, ...completed } = missingSecrets(text, relay);
  const tightened = more === '' ? undefined : useFile(file, () => appendPrivately(file, more));
  return { ...completed, ...(tightened !== undefined && { tightened }) };
}

/** The same for the text of such a file. `more` is to be appended. */
export function missingSecrets(
  text: string,
  relay: Relay,
): { secrets: Secrets; added: string[]; more: string } {
  const secrets = parseEnv(text) as Secrets;
  const added: string[] = [];
  for (const [name, make] of secretGenerators(relay)) {
    if (secrets[name]) continue;
    const made = make();
    Object.assign(secrets, made);
    added.push(...Object.keys(made));
  }
  if (added.length === 0) return { secrets, added, more: '' };
  // Single quotes, because dotenv readers turn \n in double quotes into line breaks.
  const lines = added.map((name) => `${name}='${secrets[name]}'\n`).join('');
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return { secrets, added, more: gap + lines };
}

function useFile<Result>(file: string, use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    const problem = `${file} can't be used as a file of secrets: ${(cause as Error).message}`;
    throw new RelayError('secrets.unreadable', problem, { cause });
  }
}

/** 192 bits, safe in a path and in a shell. */
function makeKey(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * The JSON key of an invented service account. The Worker signs tokens with it as with a real one, and the
 * local Pub/Sub accepts any token.
 */
function makeServiceAccount(project: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return JSON.stringify({
    type: 'service_account',
    project_id: project,
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: `tributary@${project}.iam.gserviceaccount.com`,
  });
}
