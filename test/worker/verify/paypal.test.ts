import { afterEach, expect, test, vi } from 'vitest';
import { paypal } from '../../../shared/sources/presets.ts';
import { logged, openEdge } from '../../beds/workerd/edge.ts';
import certificate from '../../fixtures/signatures/paypal-certificate.json' with { type: 'json' };
import { derivedVectors, timeOf } from '../../shared/signatures/signature-vectors.ts';

const vector = derivedVectors.find(({ scheme }) => scheme === 'paypal');
if (!vector) throw new Error('no vector');

const { body, headers } = vector as { body: string; headers: Record<string, string> };
const address = 'https://api.paypal.com/v1/notifications/certs/';

/** Answers for PayPal, which is outside of this machine; everything else is fetched as it is. */
function answerForPayPal(answer: () => Response): void {
  const real = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const { url } = new Request(input);
    return url.startsWith(address) ? answer() : real(input, init);
  });
}

afterEach(() => vi.restoreAllMocks());

function open() {
  return openEdge({
    streams: { pay: paypal({ table: 'd.pay' }) },
    env: { PAY_SECRET: certificate.webhookId },
    now: () => timeOf(vector as NonNullable<typeof vector>),
  });
}

test('a delivery of PayPal is stored, and a forged one is a 401', async () => {
  answerForPayPal(() => new Response(certificate.pem));
  const edge = open();
  const own = { ...headers, 'paypal-cert-url': `${address}CERT-worker-1` };
  expect((await edge.send('/pay', { headers: own, body })).status).toBe(204);
  expect((await edge.send('/pay', { headers: own, body: `${body} ` })).status).toBe(401);
  expect((await edge.tries()).filter((made) => made.stored)).toHaveLength(1);
});

test('without its certificate the answer is a 503, never a 401, and nothing is stored', async () => {
  answerForPayPal(() => new Response('', { status: 500 }));
  const edge = open();
  const own = { ...headers, 'paypal-cert-url': `${address}CERT-worker-2` };
  const [line = ''] = await logged(async () => {
    const answer = await edge.send('/pay', { headers: own, body });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
  expect(JSON.parse(line)).toMatchObject({ cause: 'no-certificate' });
  expect(line).not.toContain(certificate.webhookId);
  expect(await edge.tries()).toEqual([]);
});

test('a certificate of somebody else is a 401, and is not fetched', async () => {
  answerForPayPal(() => new Response(certificate.pem));
  const own = { ...headers, 'paypal-cert-url': 'https://evil.example/CERT-1' };
  expect((await open().send('/pay', { headers: own, body })).status).toBe(401);
});
