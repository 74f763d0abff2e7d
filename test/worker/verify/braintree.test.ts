import { expect, test } from 'vitest';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { braintree } from '../../../shared/sources/presets.ts';
import { openEdge } from '../../beds/workerd/edge.ts';
import { bytesOf } from '../../shared/signatures/signature-vectors.ts';

const secret = 'integration_public_key|integration_private_key';
const contentType = { 'content-type': 'application/x-www-form-urlencoded' };
const challenge = '20f9f8ed05f77439fe955c977e4c8a53';

function open(env: object = { PAY_SECRET: secret }, handshake = true) {
  const stream = braintree({
    table: 'd.pay',
    ...(handshake && { handshake: 'braintree' as const }),
  });
  return openEdge({ streams: { pay: stream }, env });
}

const ask = (text: string, edge = open()) =>
  edge.send(`/pay?bt_challenge=${text}`, { method: 'GET' });

async function signed(payload: string) {
  const body = bytesOf(new URLSearchParams({ bt_payload: payload }).toString());
  const request = { method: 'POST', url: '', headers: new Headers(contentType), body };
  const parts = await signRequest(schemes.braintree, request, secret, Date.now());
  return { headers: contentType, body: new TextDecoder().decode(parts.body) };
}

test('a challenge is answered with the public key and a signature', async () => {
  const answer = await ask(challenge);
  expect(answer.status).toBe(200);
  // Python: hmac.new(sha1(private).digest(), challenge, sha1).hexdigest()
  expect(await answer.text()).toBe(
    'integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4',
  );
});

test.each(['', 'x', `${challenge}0`, challenge.slice(0, 19), 'PG5vdGlmaWNhdGlvbj4K', '%0A'])(
  'what is not a challenge is not signed: %s',
  async (text) => {
    const answer = await ask(text);
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain('integration_public_key');
  },
);

test('without the handshake, or without a secret that can be read, nothing is signed', async () => {
  expect((await ask(challenge, open({ PAY_SECRET: secret }, false))).status).toBe(405);
  for (const value of ['', 'private key alone', '|private', 'public|']) {
    const answer = await ask(challenge, open({ PAY_SECRET: value }));
    expect([value, answer.status]).toEqual([value, 503]);
    expect(await answer.text()).not.toContain('private');
  }
});

test('a delivery is stored, and a signed challenge is none', async () => {
  const edge = open();
  expect((await edge.send('/pay', await signed('PG5vdGlmaWNhdGlvbi8+\n'))).status).toBe(204);
  expect((await edge.send('/pay', await signed(challenge))).status).toBe(403);
  const forged = await signed('PG5vdGlmaWNhdGlvbi8+\n');
  const body = forged.body.replace('PG5v', 'PG5w');
  expect((await edge.send('/pay', { ...forged, body })).status).toBe(401);
  expect((await edge.tries()).filter((made) => made.stored)).toHaveLength(1);
});
