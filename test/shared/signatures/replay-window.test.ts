import { describe, expect, test } from 'vitest';
import { type Scheme, schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { readWindow, withWindow } from '../../../shared/signatures/timestamp.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith } from './signature-requests.ts';

const key = 'whsec_c2VjcmV0';

/** What becomes of a delivery that is so many seconds old. */
async function verdictAfter(scheme: Scheme, seconds: number, names = scheme): Promise<object> {
  const { headers } = await signRequest(names, requestWith([]), key, now - seconds * 1000);
  return verifySignature(scheme, requestWith(Object.entries(headers)), [key], now);
}

describe('a replay window', () => {
  test.each([
    ['90s', 90],
    ['15m', 900],
    ['25h', 90_000],
    ['3d', 259_200],
    ['0s', undefined],
    ['1', undefined],
    ['s', undefined],
    ['1H', undefined],
    ['١s', undefined],
  ])('%s', (text, seconds) => {
    expect(readWindow(text)).toBe(seconds);
  });

  test('takes the place of the scheme’s', async () => {
    const strict = withWindow(schemes.stripe, '90s');
    expect(await verdictAfter(strict, 90)).toEqual(accepted);
    expect(await verdictAfter(strict, 91)).toEqual(refused('stale'));
    expect(await verdictAfter(strict, -90)).toEqual(accepted);
    expect(await verdictAfter(strict, -91)).toEqual(refused('stale'));
    const long = withWindow(schemes.stripe, '3d');
    expect(await verdictAfter(long, 259_200)).toEqual(accepted);
    expect(await verdictAfter(long, 259_201)).toEqual(refused('stale'));
    expect(await verdictAfter(long, -600)).toEqual(accepted);
    expect(await verdictAfter(long, -601)).toEqual(refused('stale'));
  });

  test('may be none: then any time will do, but nothing else', async () => {
    const any = withWindow(schemes.stripe, false);
    expect(await verdictAfter(any, 1e9)).toEqual(accepted);
    expect(await verdictAfter(any, -1e9)).toEqual(accepted);
    const [[name = '', value = ''] = []] = Object.entries(
      (await signRequest(any, requestWith([]), key, now)).headers,
    );
    const forged = requestWith([[name, value.replace('t=', 't=x')]]);
    expect(await verifySignature(any, forged, [key], now)).toMatchObject({ ok: false });
  });

  test('holds under both names of the headers', async () => {
    const strict = withWindow(schemes.svix, '90s');
    expect(await verdictAfter(strict, 90, schemes['standard-webhooks'])).toEqual(accepted);
    expect(await verdictAfter(strict, 91, schemes['standard-webhooks'])).toEqual(refused('stale'));
  });

  test('is kept where a scheme has none of its own', async () => {
    const strict = withWindow(schemes.mailgun, '1m');
    const parts = await signRequest(strict, requestWith([]), key, now - 61_000);
    const request = { ...requestWith([]), ...(parts.body && { body: parts.body }) };
    expect(await verifySignature(strict, request, [key], now)).toEqual(refused('stale'));
    expect(await verifySignature(schemes.mailgun, request, [key], now)).toEqual(accepted);
  });

  test('is nothing to a scheme that signs no time', () => {
    for (const scheme of [schemes.github, schemes.bearer]) {
      expect(withWindow(scheme, '1h')).toEqual(scheme);
    }
  });
});
