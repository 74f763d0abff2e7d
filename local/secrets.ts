import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { secretPrefix } from '../shared/config/secrets.ts';
import type { Scheme } from '../shared/signatures/scheme.ts';
import { schemes } from '../shared/signatures/schemes.ts';
import { sources } from '../shared/sources/registry.ts';
import { appendPrivately } from './parts/private-files.ts';

export type Secrets = Record<string, string>;

/** How each secret that the relay needs is made on this machine; a sender's own key pair cannot be. */
function recipes(relay: Relay): Map<string, () => string> {
  const recipes = new Map([['GOOGLE_SERVICE_ACCOUNT', () => makeServiceAccount(relay.project)]]);
  for (const stream of relay.streams.values()) {
    const scheme = schemes[stream.scheme];
    if (!hasKeyPair(scheme)) {
      for (const name of stream.secrets) recipes.set(name, () => makeSecretOf(scheme));
    }
    if (stream.handshake === 'meta') {
      recipes.set(`${secretPrefix(stream.name)}_VERIFY_TOKEN`, makeKey);
    }
    if (hasApi(stream)) recipes.set(apiKeyName(stream.name), makeKey);
  }
  return recipes;
}

/** Does the sender sign with a key of its own, so that only its public half can be had? */
export function hasKeyPair(scheme: Scheme): boolean {
  return scheme.algorithm === 'ed25519' || scheme.algorithm === 'ecdsa-p256';
}

/** Does something stand in for the sender's own API here? */
function hasApi({ source }: RelayStream): boolean {
  return sources[source].delivers === 'exports' || source === 'datanostro';
}

/** In the form that senders of the scheme give their secrets. */
function makeSecretOf(scheme: Scheme): string {
  if ('at' in scheme) return scheme.algorithm === 'basic' ? `tributary:${makeKey()}` : makeKey();
  const encoding = (
    {
      utf8: 'base64url',
      whsec: 'base64',
      hex: 'hex',
      base64: 'base64',
      'public-key': 'base64',
    } as const
  )[scheme.key];
  return (scheme.key === 'whsec' ? 'whsec_' : '') + randomBytes(24).toString(encoding);
}

/** Every secret that the relay needs, freshly made. */
export function makeSecrets(relay: Relay): Secrets {
  return Object.fromEntries([...recipes(relay)].map(([name, make]) => [name, make()]));
}

/** The secret with which a stream's exports, or its history, are fetched from the sender. */
export function apiKeyName(streamName: string): string {
  return `${secretPrefix(streamName)}_API_KEY`;
}

export interface CompletedSecrets {
  secrets: Secrets;
  added: string[];
  tightened?: string;
}

/**
 * Reads `.dev.vars` and adds what is missing, leaving every line that is there as it is. Returns all
 * values, and the names of those that were added. Others on this machine can't read the file then:
 * `tightened` says so where they could.
 */
export function completeSecrets(file: string, relay: Relay): CompletedSecrets {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const secrets = parseEnv(text) as Secrets;
  const added: string[] = [];
  for (const [name, make] of recipes(relay)) {
    if (secrets[name]) continue;
    secrets[name] = make();
    added.push(name);
  }
  if (added.length === 0) return { secrets, added };
  // Single quotes: in double quotes a dotenv reader would turn the key's \n into line breaks.
  const lines = added.map((name) => `${name}='${secrets[name]}'\n`).join('');
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  const tightened = appendPrivately(file, gap + lines);
  return { secrets, added, ...(tightened !== undefined && { tightened }) };
}

/** 192 bits, safe in a path and in a shell. */
function makeKey(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * The JSON key of a service account that exists nowhere: the Worker signs with it here as it does
 * against Google, and the local Pub/Sub takes any token.
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
