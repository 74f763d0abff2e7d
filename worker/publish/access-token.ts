import { encode } from 'jose/base64url';
import { RelayError } from '../../shared/errors.ts';
import { decode, toBytes } from '../../shared/signatures/bytes.ts';
import type { Key } from '../../shared/signatures/keys/keys.ts';

interface Account {
  /** The secret that the other fields were read from. */
  json: string;
  email: string;
  keyId: string;
  key: Key;
}

const audience = 'https://pubsub.googleapis.com/';
const lifetimeS = 3600;
const renewBeforeS = 300;

/** RS256, by WebCrypto's name (RFC 7518, section 3.3). */
const rs256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

const pkcs8 = /^-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/;

/**
 * Tokens for Pub/Sub that a service account signs itself (AIP-4111), without a call to a token endpoint.
 *
 * The imported key and the token are kept as values. A promise that is kept across requests would hang all of them
 * if the request that made it were cancelled.
 */
export class AccessTokens {
  #account: Account | undefined;
  #token: { value: string; expiresAtS: number } | undefined;

  /**
   * `json` is the account's JSON key, `now` in Unix milliseconds.
   *
   * @throws RelayError `service-account.invalid`; its message quotes nothing of the key
   */
  async get(json: string, now: number): Promise<string> {
    const nowS = Math.floor(now / 1000);
    if (this.#account?.json !== json) {
      this.#account = await readAccount(json);
      this.#token = undefined;
    }
    if (!this.#token || nowS >= this.#token.expiresAtS - renewBeforeS) {
      this.#token = { value: await sign(this.#account, nowS), expiresAtS: nowS + lifetimeS };
    }
    return this.#token.value;
  }

  /** Forgets a token that Pub/Sub refused, unless another delivery has signed a new one since. */
  drop(token: string): void {
    if (this.#token?.value === token) this.#token = undefined;
  }
}

/**
 * A JWS in its compact form (RFC 7515, section 3.1). Of jose only base64url: its signing classes read keys of every kind
 * and algorithm, and would add 3.5 KiB to the bundle. In the tests all of jose verifies the token.
 */
async function sign({ email, keyId, key }: Account, nowS: number): Promise<string> {
  const header = { alg: 'RS256', kid: keyId, typ: 'JWT' };
  const claims = { iss: email, sub: email, aud: audience, iat: nowS, exp: nowS + lifetimeS };
  const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
  const signature = await crypto.subtle.sign(rs256, key, toBytes(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

async function readAccount(json: string): Promise<Account> {
  const fields = parseObject(json);
  const email = textOf(fields, 'client_email');
  const keyId = textOf(fields, 'private_key_id');
  const key = await importPrivateKey(textOf(fields, 'private_key'));
  if (!key) throw invalid('its private_key is not a PKCS #8 RSA key');
  return { json, email, keyId, key };
}

/**
 * Undefined if it is not the PEM of an RSA key in PKCS #8 (RFC 7468, section 10). jose's importPKCS8 takes keys of
 * every kind, but would add 2 KiB to the bundle.
 */
async function importPrivateKey(pem: string): Promise<Key | undefined> {
  const bytes = decode(pkcs8.exec(pem)?.[1] ?? '', 'base64');
  if (!bytes) return undefined;
  try {
    return await crypto.subtle.importKey('pkcs8', bytes, rs256, false, ['sign']);
  } catch {
    return undefined;
  }
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw invalid(json === '' ? 'it is missing or empty' : 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw invalid('it is not a JSON object');
  return value as Record<string, unknown>;
}

function textOf(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw invalid(`it has no ${name}`);
  return value;
}

/** Without a `cause`: a parser's message may quote the secret, and errors are logged. */
function invalid(problem: string): RelayError {
  return new RelayError(
    'service-account.invalid',
    `the secret GOOGLE_SERVICE_ACCOUNT cannot be used: ${problem}`,
  );
}
