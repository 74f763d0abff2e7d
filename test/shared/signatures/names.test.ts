import { describe, expect, test } from 'vitest';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith } from './signature-requests.ts';

const key = 'whsec_c2VjcmV0';
type Lines = [string, string][];

/** The three headers, under names that begin so. */
async function signedAs(prefix: 'svix' | 'webhook', at = now): Promise<Lines> {
  const scheme = prefix === 'svix' ? schemes.svix : schemes['standard-webhooks'];
  return Object.entries((await signRequest(scheme, requestWith([]), key, at)).headers);
}

const named = ['svix', 'standard-webhooks', 'openai'] as const;

describe.each(named)('headers under both names: %s', (name) => {
  const verify = (lines: Lines) => verifySignature(schemes[name], requestWith(lines), [key], now);
  const [first, second] =
    name === 'svix' ? (['svix', 'webhook'] as const) : (['webhook', 'svix'] as const);

  test('are taken, each of the two', async () => {
    expect(await verify(await signedAs('svix'))).toEqual(accepted);
    expect(await verify(await signedAs('webhook'))).toEqual(accepted);
    expect(await verify([...(await signedAs('webhook')), ...(await signedAs('svix'))])).toEqual(
      accepted,
    );
  });

  test.each(['id', 'timestamp', 'signature'])('never mix: %s of the other', async (part) => {
    const own = await signedAs(first);
    const swapped = own.map(([header, text]): [string, string] =>
      header.endsWith(part) ? [header.replace(first, second), text] : [header, text],
    );
    expect(await verify(swapped)).toMatchObject({ ok: false });
    const moved = own.map(([header, text]): [string, string] =>
      header.endsWith(part) ? [header, text] : [header.replace(first, second), text],
    );
    expect(await verify(moved)).toMatchObject({ ok: false });
  });

  test.each(['id', 'timestamp', 'signature'])(
    'beside one %s of the first name, even an empty one, the others are not read',
    async (part) => {
      for (const text of ['forged', '']) {
        const lines: Lines = [...(await signedAs(second)), [`${first}-${part}`, text]];
        expect(await verify(lines)).toMatchObject({ ok: false });
      }
    },
  );

  test('keep their window under both', async () => {
    for (const prefix of ['svix', 'webhook'] as const) {
      expect(await verify(await signedAs(prefix, now - 301_000))).toEqual(refused('stale'));
    }
  });
});

test('Basic is taken in UTF-8 and in Latin-1, and as nothing else', async () => {
  const verify = (bytes: number[], secret: string) => {
    const shown = btoa(String.fromCharCode(...bytes));
    const request = requestWith([['authorization', `Basic ${shown}`]]);
    return verifySignature(schemes.basic, request, [secret], now);
  };
  const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0));
  expect(await verify([...ascii('user:p'), 0xe4, ...ascii('ss')], 'user:päss')).toEqual(accepted);
  expect(await verify([...ascii('user:p'), 0xc3, 0xa4, ...ascii('ss')], 'user:päss')).toEqual(
    accepted,
  );
  expect(await verify(ascii('user:pass'), 'user:päss')).toEqual(refused('mismatch'));
  expect(await verify([...ascii('user:p'), 0x17, ...ascii('ss')], 'user:pŗss')).toEqual(
    refused('mismatch'),
  );
  expect(await verify([...ascii('user:'), 0x3f], 'user:ŗ')).toEqual(refused('mismatch'));
});
