import { describe, expect, test } from 'vitest';
import { hmac } from '../../../shared/signatures/builders.ts';
import { expectedForm, readKeys } from '../../../shared/signatures/keys/key-forms.ts';
import { misreadSecret } from '../../../shared/signatures/keys/keys.ts';
import type { KeyFormat, Scheme } from '../../../shared/signatures/scheme.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { keysFor } from './signature-keys.ts';
import { accepted, now, refused, requestWith } from './signature-requests.ts';

/** base64 of the same bytes: as it is, and in the alphabet of URLs, without padding. */
const base64 = '+//+qgARIjNEVWZ3iJmqu8zd7v8AESIz++++/w==';
const base64url = '-__-qgARIjNEVWZ3iJmqu8zd7v8AESIz----_w';

/** What becomes of a delivery that is signed with the one secret, while the other is live. */
async function verdictOf(scheme: Scheme, signing: string, live: string): Promise<object> {
  const parts = await signRequest(scheme, requestWith([], '{}'), signing, now);
  const received = { ...requestWith([], '{}'), headers: new Headers(parts.headers) };
  return verifySignature(scheme, received, [live], now);
}

describe('a secret as its sender shows it', () => {
  test.each([
    base64,
    base64url,
    base64.replaceAll('=', ''),
    `whsec_${base64}`,
    `whsec_${base64url}`,
    `v1,whsec_${base64}`,
    `v1,whsec_${base64url}`,
    ` whsec_${base64} \r\n`,
    `\tv1,whsec_${base64}\n`,
  ])('in Standard Webhooks: %j', async (live) => {
    for (const scheme of [schemes['standard-webhooks'], schemes.svix, schemes.openai]) {
      expect(await verdictOf(scheme, `whsec_${base64}`, live)).toEqual(accepted);
    }
  });

  // Polar's endpoints of before and after 8 September 2026; which of them shows it the text does not tell.
  test.each(['polar_whs_x1y2z3', `polar_whs_${base64}`, `polar_whs_${base64url}`])(
    'with a prefix of its own, %s, is its text and the base64 behind',
    async (live) => {
      const scheme = schemes['standard-webhooks'];
      const behind = live.slice('polar_whs_'.length);
      expect(await verdictOf(scheme, `whsec_${behind}`, live)).toEqual(accepted);
      const byText = hmac({ ...standard, key: 'utf8' });
      for (const [text, expected] of [
        [live, accepted],
        [behind, refused('mismatch')],
      ] as const) {
        const parts = await signRequest(byText, requestWith([]), text, now);
        const received = { ...requestWith([]), headers: new Headers(parts.headers) };
        expect(await verifySignature(scheme, received, [live], now)).toEqual(expected);
      }
    },
  );

  test.each(['0AFF', '0aff', ' 0Aff\n'])('in hex: %j', async (live) => {
    const scheme = hmac({ signature: 'header:x-signature', key: 'hex' });
    expect(await verdictOf(scheme, '0aff', live)).toEqual(accepted);
  });

  test.each(['discord', 'sendgrid'] as const)('as a public key of %s', async (name) => {
    const scheme = schemes[name];
    const { signing, live } = await keysFor(scheme);
    for (const shown of await spellingsOf(scheme.algorithm, live)) {
      expect(await verdictOf(scheme, signing, shown), shown).toEqual(accepted);
      expect(await misreadSecret(scheme, shown), shown).toBeUndefined();
    }
  });

  test.each<[KeyFormat, string]>([
    ['whsec', 'whsec_é'],
    ['whsec', 'whsec_'],
    ['whsec', 'v1,whsec_'],
    ['whsec', 'no base64!'],
    ['hex', 'abc'],
    ['hex', '0x12'],
    ['base64', '-----'],
    ['public-key', '-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----'],
  ])('is no key: %s %j', (format, secret) => {
    expect(readKeys(secret, format)).toEqual([]);
    expect(expectedForm(format)).not.toBe('');
  });

  test('may stand for three keys at most', () => {
    for (const secret of ['a_b_c', 'polar_whs_x1y2z3', `a_${base64url}`, `whsec_${base64}`]) {
      expect(readKeys(secret, 'whsec').length).toBeLessThanOrEqual(3);
    }
  });

  test.each([
    [schemes.svix, 'whsec_é', 'base64'],
    [schemes.adyen, 'xyz', 'hexadecimal'],
    [schemes.sendgrid, 'c2VjcmV0', 'public key'],
    [schemes.discord, '0aff', 'public key'],
  ])('that is none is told in which form it is expected', async (scheme, secret, form) => {
    const told = await misreadSecret(scheme, secret);
    expect(told).toContain(form);
    expect(told).not.toContain(secret);
    expect(await misreadSecret(scheme, '')).toBeUndefined();
  });

  test.each([schemes.github, schemes.bearer, schemes.basic, schemes['endpoint-key']])(
    'that is text is always one',
    async (scheme) => {
      expect(await misreadSecret(scheme, 'any text')).toBeUndefined();
    },
  );
});

/** As schemes.ts writes it. */
const standard = {
  signature: 'header:webhook-signature',
  separator: ' ',
  tag: 'v1,',
  encoding: 'base64',
  signed: '{header:webhook-id}.{header:webhook-timestamp}.{body}',
  timestamp: { at: 'header:webhook-timestamp', unit: 's', toleranceS: 300 },
} as const;

/** Raw and as SPKI, in hex, base64 and PEM, as it is and as a file of variables escapes it. */
async function spellingsOf(algorithm: string, live: string): Promise<string[]> {
  const isRaw = algorithm === 'ed25519';
  const given = isRaw ? bytesOfHex(live) : Uint8Array.from(atob(live), (c) => c.charCodeAt(0));
  const parameters = isRaw ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' };
  const format = isRaw ? 'raw' : 'spki';
  const key = await crypto.subtle.importKey(format, given, parameters, true, ['verify']);
  const raw = new Uint8Array((await crypto.subtle.exportKey('raw', key)) as ArrayBuffer);
  const spki = new Uint8Array((await crypto.subtle.exportKey('spki', key)) as ArrayBuffer);
  const lines = toBase64(spki).match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'];
  return [
    ...[raw, spki].flatMap((bytes) => [toBase64(bytes), toHex(bytes), toHex(bytes).toUpperCase()]),
    pem.join('\n'),
    `${pem.join('\r\n')}\r\n`,
    pem.join('\\n'),
    `  ${pem.join('\n')}\n`,
  ];
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
