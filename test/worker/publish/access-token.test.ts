import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { AccessTokens } from '../../../worker/publish/access-token.ts';

const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
const elliptic = await generateKeyPair('ES256', { extractable: true });
const account = JSON.stringify({
  type: 'service_account',
  client_email: 'relay@your-project.iam.gserviceaccount.com',
  private_key_id: 'k1',
  private_key: await exportPKCS8(privateKey),
});

const minute = 60_000;
const start = Date.parse('2026-11-21T08:00:00Z');

test('the token has the form of AIP-4111 and the signature of the account', async () => {
  const token = await new AccessTokens().get(account, start);
  const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
    currentDate: new Date(start),
  });
  expect(protectedHeader).toEqual({ alg: 'RS256', kid: 'k1', typ: 'JWT' });
  expect(payload).toEqual({
    iss: 'relay@your-project.iam.gserviceaccount.com',
    sub: 'relay@your-project.iam.gserviceaccount.com',
    aud: 'https://pubsub.googleapis.com/',
    iat: start / 1000,
    exp: start / 1000 + 3600,
  });
});

test('a token is reused until five minutes before it expires', async () => {
  const tokens = new AccessTokens();
  const first = await tokens.get(account, start);
  expect(await tokens.get(account, start + 55 * minute - 1000)).toBe(first);
  const second = await tokens.get(account, start + 55 * minute);
  expect(second).not.toBe(first);
  expect(await tokens.get(account, start + 56 * minute)).toBe(second);
});

test('a dropped token is replaced, unless a new one has been signed since', async () => {
  const tokens = new AccessTokens();
  const first = await tokens.get(account, start);
  tokens.drop(first);
  const second = await tokens.get(account, start + minute);
  expect(second).not.toBe(first);
  tokens.drop(first);
  expect(await tokens.get(account, start + minute)).toBe(second);
});

test('another account has another token', async () => {
  const tokens = new AccessTokens();
  const first = await tokens.get(account, start);
  const other = account.replace('"k1"', '"k2"');
  expect(await tokens.get(other, start)).not.toBe(first);
});

test.each([
  ['no PEM', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'],
  [
    'another PEM',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n',
  ],
  ['no base64', '-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n'],
  ['no key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ['nothing in it', '-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n'],
  ['the key of another algorithm', await exportPKCS8(elliptic.privateKey)],
])('the error for a private key that is %s does not quote it', async (_, private_key) => {
  const unusable = JSON.stringify({ ...JSON.parse(account), private_key });
  const getting = new AccessTokens().get(unusable, start);
  await expect(getting).rejects.toMatchObject({
    code: 'service-account.invalid',
    message:
      'the secret GOOGLE_SERVICE_ACCOUNT cannot be used: its private_key is not a PKCS #8 RSA key',
  });
});
