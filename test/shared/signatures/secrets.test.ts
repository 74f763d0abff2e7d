import { describe, expect, test } from 'vitest';
import { type Scheme, schemes } from '../../../shared/signatures/schemes.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith, secret, signed } from './signature-requests.ts';
import { bytesOf } from './signature-vectors.ts';

describe('secrets', () => {
  test('say which one matched', async () => {
    const request = requestWith(await signed(schemes.github));
    for (const [secrets, index] of [
      [[secret, 'new'], 0],
      [['old', secret], 1],
      [['', secret], 1],
    ] as const) {
      const verdict = await verifySignature(schemes.github, request, secrets, now);
      expect(verdict).toEqual({ ok: true, secret: index });
    }
  });

  test.each<[string, Scheme]>([
    ['github', schemes.github],
    ['endpoint-key', schemes['endpoint-key']],
    ['basic', schemes.basic],
    ['discord', schemes.discord],
  ])('that are none never accept for %s', async (_, scheme) => {
    const request = { ...requestWith([['authorization', 'Basic ']]), key: '' };
    for (const secrets of [[], [''], ['', '\n']]) {
      expect(await verifySignature(scheme, request, secrets, now)).toEqual(refused('no-secret'));
    }
  });

  test('may have blanks and line ends around them, which are no part of them', async () => {
    const github = requestWith(await signed(schemes.github));
    const key = { ...requestWith([]), key: secret };
    for (const kept of [`${secret}\n`, `${secret}\r\n`, ` \t${secret} \n`, `\ufeff${secret}`]) {
      expect(await verifySignature(schemes.github, github, [kept], now)).toEqual(accepted);
      expect(await verifySignature(schemes['endpoint-key'], key, [kept], now)).toEqual(accepted);
    }
    const without = secret.replace(' ', '');
    const inside = await verifySignature(schemes.github, github, [without], now);
    expect(inside).toEqual(refused('mismatch'));
  });

  test.each<[string, Scheme, string]>([
    ['no base64', schemes.svix, 'whsec_é'],
    ['no base64, but its prefix', schemes.svix, 'whsec_'],
    ['a key that is no point', schemes.sendgrid, 'c2VjcmV0'],
    ['a key of the wrong length', schemes.discord, '0aff'],
  ])('are our failure when they hold %s', async (_, scheme, bad) => {
    const body = bytesOf('{}');
    const signature = scheme === schemes.discord ? '00'.repeat(64) : 'v1,AAAA';
    const headers = new Headers({
      'svix-id': 'a',
      'svix-timestamp': '1',
      'svix-signature': signature,
      'x-signature-ed25519': signature,
      'x-signature-timestamp': '1',
      'x-twilio-email-event-webhook-signature': 'AAAA',
      'x-twilio-email-event-webhook-timestamp': '1',
    });
    const request = { method: 'POST', url: '', headers, body };
    expect(await verifySignature(scheme, request, [bad], now)).toEqual(refused('bad-secret'));
  });

  test('that are bad do not hinder a good one', async () => {
    const good = 'whsec_c2VjcmV0';
    const request = requestWith(await signed(schemes.svix, '{}', good));
    const verdict = await verifySignature(schemes.svix, request, ['whsec_é', good], now);
    expect(verdict).toEqual({ ok: true, secret: 1 });
  });

  test('stay right when more are in use than are cached', async () => {
    for (let at = 0; at < 300; at++) {
      const request = requestWith(await signed(schemes.github, '{}', `${secret}${at}`));
      const secrets = [`${secret}${at}`];
      expect(await verifySignature(schemes.github, request, secrets, now)).toEqual(accepted);
    }
    const request = requestWith(await signed(schemes.github, '{}', `${secret}0`));
    expect(await verifySignature(schemes.github, request, [`${secret}0`], now)).toEqual(accepted);
  });
});

describe('tokens', () => {
  const key = 'a-capability-of-128-bits';

  test.each([
    [key, accepted],
    [key.toUpperCase(), refused('mismatch')],
    [`${key}x`, refused('mismatch')],
    [key.slice(1), refused('mismatch')],
    [`${key}é\0`, refused('mismatch')],
    ['', refused('missing')],
  ])('in the path: %j', async (shown, expected) => {
    const request = { ...requestWith([]), key: shown };
    expect(await verifySignature(schemes['endpoint-key'], request, [key], now)).toEqual(expected);
  });

  test('in the path are missing where there is no such segment', async () => {
    const verdict = await verifySignature(schemes['endpoint-key'], requestWith([]), [key], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test.each([
    [`Bearer ${key}`, accepted],
    [`bearer ${key}`, accepted],
    [key, refused('missing')],
    [`Basic ${key}`, refused('missing')],
    ['Bearer', refused('missing')],
    [`Bearer ${key}, Bearer ${key}`, refused('mismatch')],
  ])('in a header: %s', async (value, expected) => {
    const request = requestWith([['authorization', value]]);
    expect(await verifySignature(schemes.bearer, request, [key], now)).toEqual(expected);
  });

  test.each([
    ['Basic dXNlcjpwYXNz', accepted],
    ['basic dXNlcjpwYXNz', accepted],
    ['Basic dXNlcjo=', refused('mismatch')],
    ['Basic é', refused('malformed')],
    ['Basic user:pass', refused('malformed')],
  ])('as Basic: %s', async (value, expected) => {
    const request = requestWith([['authorization', value]]);
    expect(await verifySignature(schemes.basic, request, ['user:pass'], now)).toEqual(expected);
  });
});
