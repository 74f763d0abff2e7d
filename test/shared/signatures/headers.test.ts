import { describe, expect, test } from 'vitest';
import { hmac } from '../../../shared/signatures/builders.ts';
import type { Scheme, SignatureScheme } from '../../../shared/signatures/scheme.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith, secret, signed } from './signature-requests.ts';

async function hexOf(body: string): Promise<string> {
  return (await signRequest(schemes.datanostro, requestWith([], body), secret, now)).headers[
    'x-dn-signature'
  ] as string;
}

describe('one signature in a header', () => {
  test('may be written in upper case', async () => {
    const upper = (await hexOf('{}')).toUpperCase();
    const request = requestWith([['x-dn-signature', upper]]);
    expect(await verifySignature(schemes.datanostro, request, [secret], now)).toEqual(accepted);
  });

  test.each([
    ['is empty', '', 'malformed'],
    ['is not hex', 'zz'.repeat(32), 'malformed'],
    ['has half a byte', 'abc', 'malformed'],
    ['is not ASCII', 'é0', 'malformed'],
    ['is huge', 'ab'.repeat(40_000), 'malformed'],
    ['is short', 'ab'.repeat(31), 'mismatch'],
    ['is long', 'ab'.repeat(33), 'mismatch'],
    ['is wrong', 'ab'.repeat(32), 'mismatch'],
  ])('is refused when it %s', async (_, value, cause) => {
    const request = requestWith([['x-dn-signature', value]]);
    const verdict = await verifySignature(schemes.datanostro, request, [secret], now);
    expect(verdict).toEqual(refused(cause));
  });

  test('is refused when the header comes twice, even with the same value', async () => {
    const hex = await hexOf('{}');
    const twice = requestWith([
      ['x-dn-signature', hex],
      ['x-dn-signature', hex],
    ]);
    const verdict = await verifySignature(schemes.datanostro, twice, [secret], now);
    expect(verdict).toEqual(refused('malformed'));
  });
});

describe('a signature in one of several headers', () => {
  const several = Object.entries<Scheme>(schemes).flatMap(([name, scheme]) =>
    'signature' in scheme && scheme.signature.filter((at) => at.from === 'header').length > 1
      ? [[name, scheme] as const]
      : [],
  );

  test('is one of ten for DocuSign, which has one for each key', () => {
    expect(schemes.docusign.signature.map((at) => 'name' in at && at.name)).toEqual(
      Array.from({ length: 10 }, (_, at) => `x-docusign-signature-${at + 1}`),
    );
  });

  test.each(several)('counts wherever it is, whatever is in the others: %s', async (_, scheme) => {
    const headers = new Headers(await signed(scheme));
    const places = scheme.signature.flatMap((at) => (at.from === 'header' ? [at.name] : []));
    const right = headers.get(places[0] ?? '') ?? '';
    for (const place of places) {
      for (const wrong of [undefined, 'AAAA', '', '!']) {
        const request = requestWith([...headers]);
        for (const other of places) {
          request.headers.delete(other);
          if (wrong !== undefined) request.headers.set(other, wrong);
        }
        expect((await verifySignature(scheme, request, [secret], now)).ok).toBe(false);
        request.headers.set(place, right);
        expect(await verifySignature(scheme, request, [secret], now)).toEqual(accepted);
      }
    }
  });
});

describe('a list of signatures', () => {
  test('may come in two headers, for any that matches is enough', async () => {
    const [value] = (await signed(schemes.pagerduty)).map(([, text]) => text);
    for (const pair of [
      ['v1=00', value],
      [value, 'v1=zz'],
    ]) {
      const request = requestWith(pair.map((text) => ['x-pagerduty-signature', text ?? '']));
      expect(await verifySignature(schemes.pagerduty, request, [secret], now)).toEqual(accepted);
    }
  });

  test('counts the first time it holds, and that must be the one signed', async () => {
    const [value = ''] = (await signed(schemes.stripe)).map(([, text]) => text);
    const behind = requestWith([['stripe-signature', `${value},t=1`]]);
    expect(await verifySignature(schemes.stripe, behind, [secret], now)).toEqual(accepted);
    const before = requestWith([['stripe-signature', `t=1,${value}`]]);
    const verdict = await verifySignature(schemes.stripe, before, [secret], now);
    expect(verdict).toEqual(refused('mismatch'));
  });

  test('without the time is refused', async () => {
    const request = requestWith([['stripe-signature', 'v1=00']]);
    const verdict = await verifySignature(schemes.stripe, request, [secret], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test('is tried only so far, so that it cannot buy work', async () => {
    const [value = ''] = (await signed(schemes.pagerduty)).map(([, text]) => text);
    for (const [others, expected] of [
      [15, accepted],
      [16, refused('mismatch')],
    ] as const) {
      const list = `${'v1=00,'.repeat(others)}${value}`;
      const request = requestWith([['x-pagerduty-signature', list]]);
      expect(await verifySignature(schemes.pagerduty, request, [secret], now)).toEqual(expected);
    }
  });
});

describe('times', () => {
  const scheme = hmac({
    signature: 'header:x-signature',
    signed: '{header:x-time}{body}',
    timestamp: { at: 'header:x-time', unit: 'iso', toleranceS: 60 },
  });

  async function verdictAt(time: string, by: SignatureScheme): Promise<object> {
    // Signed as it stands, so that only how the time is read decides.
    const raw = hmac({ signature: 'header:x-signature', signed: '{header:x-time}{body}' });
    const request = requestWith([['x-time', time]]);
    const { headers } = await signRequest(raw, request, secret, now);
    const received = requestWith([['x-time', time], ...Object.entries(headers)]);
    return verifySignature(by, received, [secret], now);
  }

  test.each([
    ['2026-11-03T10:11:12Z', accepted],
    ['2026-11-03T10:11:12.123456789Z', accepted],
    ['2026-11-03T12:11:12+02:00', accepted],
    ['2026-11-03T10:11:12+02:00', refused('stale')],
    ['2026-11-03', refused('malformed')],
    ['2026-11-03T99:99:99Z', refused('malformed')],
    ['2026-11-03T10:11:12Z (a)', refused('malformed')],
    ['2026-11-03T10:11:12Z{"a":1}', refused('malformed')],
    ['now', refused('malformed')],
  ])('in ISO 8601: %s', async (time, expected) => {
    expect(await verdictAt(time, scheme)).toEqual(expected);
  });

  test.each([
    [String(now / 1000), accepted],
    ['0', refused('stale')],
    ['999999999999999', refused('stale')],
    ['1'.repeat(16), refused('malformed')],
    ['1e9', refused('malformed')],
    ['-1', refused('malformed')],
    ['NaN', refused('malformed')],
    ['1793700672.5', refused('malformed')],
  ])('in seconds: %s', async (time, expected) => {
    const timestamp = {
      at: { from: 'header', name: 'x-time' },
      unit: 's',
      toleranceS: 60,
    } as const;
    expect(await verdictAt(time, { ...scheme, timestamp })).toEqual(expected);
  });

  test('are times even where no window is kept, so that none of the body can move into them', async () => {
    const anyTime = hmac({
      signature: 'header:x-signature',
      signed: '{header:x-time}{body}',
      timestamp: { at: 'header:x-time', unit: 's' },
    });
    const whole = '{"type":1,"x":1}';
    const raw = hmac({ signature: 'header:x-signature' });
    const [signature] = await signed(raw, `1${whole}`);
    if (!signature) throw new Error('no signature');
    for (const [cut, expected] of [
      [0, accepted],
      [4, refused('malformed')],
      [whole.length, refused('malformed')],
    ] as const) {
      const request = requestWith(
        [['x-time', `1${whole.slice(0, cut)}`], signature],
        whole.slice(cut),
      );
      expect(await verifySignature(anyTime, request, [secret], now)).toEqual(expected);
    }
  });

  test('are missing from a body that is not JSON, or that holds them nowhere', async () => {
    for (const body of ['', 'no json', '[]', 'null', '{"webhookTimestamp":null}']) {
      const hex = await hexOf(body);
      const request = requestWith([['linear-signature', hex]], body);
      const verdict = await verifySignature(schemes.linear, request, [secret], now);
      expect(verdict).toEqual(refused('missing'));
    }
  });
});

describe('an ECDSA signature', () => {
  test.each([
    ['no sequence', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['a wrong length', [0x30, 7, 2, 1, 1, 2, 1, 1]],
    ['one integer', [0x30, 3, 2, 1, 1]],
    ['three integers', [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ['an empty integer', [0x30, 5, 2, 0, 2, 1, 1]],
    ['an integer of 34 bytes', [0x30, 39, 2, 34, ...new Array(34).fill(1), 2, 1, 1]],
    ['two integers that are wrong', [0x30, 6, 2, 1, 1, 2, 1, 1]],
  ])('in DER is refused with %s', async (_, der) => {
    const key =
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==';
    const request = requestWith([
      ['x-twilio-email-event-webhook-signature', btoa(String.fromCharCode(...der))],
      ['x-twilio-email-event-webhook-timestamp', '1'],
    ]);
    const verdict = await verifySignature(schemes.sendgrid, request, [key], now);
    expect(verdict).toEqual(refused('mismatch'));
  });
});
