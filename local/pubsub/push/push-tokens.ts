import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import type { PushSettings } from '../delivery/delivery-settings.ts';
import type { Store } from '../storage/store.ts';

const KIND = 'key';
const NAME = 'push';
const KEY_ID = 'local-pubsub';
const TOKEN_MS = 3_600_000;
/** A token is used again for this long. */
const REUSE_MS = TOKEN_MS / 2;

/** Where the server shows its public keys, as Google does. */
export const CERTS_PATH = '/oauth2/v3/certs';

/** Signs the OIDC tokens of pushes, with the server's own key. Claims are those of Google's tokens. */
export class PushTokens {
  readonly #store: Store;
  readonly #tokens = new Map<string, { token: Promise<string>; untilMs: number }>();
  #key: KeyObject | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  of({ serviceAccountEmail, audience }: NonNullable<PushSettings['oidc']>): Promise<string> {
    const name = JSON.stringify([serviceAccountEmail, audience]);
    const known = this.#tokens.get(name);
    if (known && known.untilMs > Date.now()) return known.token;
    const token = this.#sign(serviceAccountEmail, audience);
    this.#tokens.set(name, { token, untilMs: Date.now() + REUSE_MS });
    return token;
  }

  /** A JSON Web Key Set (RFC 7517). */
  async certs(): Promise<{ keys: object[] }> {
    const jwk = await exportJWK(createPublicKey(this.#privateKey()));
    return { keys: [{ ...jwk, kid: KEY_ID, alg: 'RS256', use: 'sig' }] };
  }

  #sign(email: string, audience: string): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000);
    // Google's subjects are numbers of 21 digits.
    const subject = BigInt(`0x${Buffer.from(email).toString('hex')}`) % 10n ** 21n;
    return new SignJWT({ azp: String(subject), email, email_verified: true })
      .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'JWT' })
      .setIssuer('https://accounts.google.com')
      .setAudience(audience)
      .setSubject(String(subject))
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + TOKEN_MS / 1000)
      .sign(this.#privateKey());
  }

  /** Made at its first use, and kept, so that a receiver's cached keys stay right over restarts. */
  #privateKey(): KeyObject {
    this.#key ??= this.#stored() ?? this.#create();
    return this.#key;
  }

  #stored(): KeyObject | undefined {
    const pem = this.#store.documents(KIND).get(NAME);
    return pem ? createPrivateKey(pem) : undefined;
  }

  #create(): KeyObject {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.#store.saveDocument(KIND, NAME, pem);
    return privateKey;
  }
}
