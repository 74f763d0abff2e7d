import { describe, expect, test } from 'vitest';
import { signedUrls, type UrlWriting } from '../../../shared/signatures/content/signed-url.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith, secret } from './signature-requests.ts';

type UrlScheme = 'hubspot' | 'square' | 'twilio-form' | 'twilio-json';

const base = 'https://hooks.example.com/s';

/** What becomes of a delivery that was signed over the one URL and arrives at the other. */
async function verdictOf(name: UrlScheme, signed: string, arrives: string): Promise<object> {
  const request = { ...requestWith([], name === 'twilio-form' ? 'a=1' : '{}'), url: signed };
  const parts = await signRequest(schemes[name], request, secret, now);
  const received = { ...request, url: arrives, headers: new Headers(parts.headers) };
  return verifySignature(schemes[name], received, [secret], now);
}

describe('the URL that was signed', () => {
  test.each<[UrlScheme, string, string]>([
    // As it was sent, before something wrote ' and é otherwise.
    ['square', `${base}?n=O'Brien`, `${base}?n=O%27Brien`],
    ['square', `${base}?n=O%27Brien`, `${base}?n=O%27Brien`],
    ['square', `${base}?n=é'`, `${base}?n=%C3%A9%27`],
    ['square', `${base}?n=%C3%A9'`, `${base}?n=%C3%A9%27`],
    ['square', `${base}?n=%FF'`, `${base}?n=%FF%27`],
    ['square', `${base}?`, `${base}?`],
    ['square', `https://h.example/a%27b/c/s?n='`, `https://h.example/a%27b/c/s?n=%27`],
    // https://developers.hubspot.com/docs/api/webhooks/validating-requests: its twelve escapes.
    ['hubspot', `${base}?o=a@example.com`, `${base}?o=a%40example.com`],
    [
      'hubspot',
      `${base}?q=:/?@!$'()*,;&r=%20%26%2B`,
      `${base}?q=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B&r=%20%26%2B`,
    ],
    ['hubspot', `${base}?q=:/?@!$'()*,;`, `${base}?q=%3a%2f%3f%40%21%24%27%28%29%2a%2c%3b`],
    ['hubspot', `${base}?o=a%40example.com`, `${base}?o=a%40example.com`],
    ['hubspot', `${base}?o=a'b@c`, `${base}?o=a%27b%40c`],
    // Twilio's own: ' @ : unescaped, or as it was sent.
    ['twilio-form', `${base}?n=O'Brien`, `${base}?n=O%27Brien`],
    ['twilio-form', `${base}?n=O%27Brien`, `${base}?n=O%27Brien`],
    ['twilio-form', `${base}?u=sip:12@192.0.2.4`, `${base}?u=sip%3A12%40192.0.2.4`],
    ['twilio-form', `${base}?u=sip:12@192.0.2.4`, `${base}?u=sip%3a12%40192.0.2.4`],
    ['twilio-form', `${base}?u=sip%3A12%40192.0.2.4`, `${base}?u=sip%3A12%40192.0.2.4`],
    ['twilio-form', `${base}?u=sip:o'b@h`, `${base}?u=sip%3Ao%27b%40h`],
    ['twilio-form', `${base}?u=sip%3Ao'b%40h`, `${base}?u=sip%3Ao%27b%40h`],
    ['twilio-json', `${base}?u=a@b&bodySHA256=`, `${base}?u=a%40b&bodySHA256=`],
    // With and without the port.
    ['twilio-form', 'https://hooks.example.com:443/s', base],
    ['twilio-form', base, 'https://hooks.example.com:443/s'],
    ['twilio-form', 'https://hooks.example.com/s?a=1', 'https://hooks.example.com:8443/s?a=1'],
    ['twilio-form', 'http://hooks.example.com:80/s', 'http://hooks.example.com/s'],
    ['twilio-form', 'https://u:p@hooks.example.com:443/s', 'https://u:p@hooks.example.com/s'],
    ['twilio-form', "https://h.example:443/s?n='", 'https://h.example/s?n=%27'],
    ['twilio-form', 'https://[2001:db8::1]:443/s', 'https://[2001:db8::1]/s'],
  ])('%s signs %s and %s arrives', async (name, signed, arrives) => {
    // SHA-256 of `{}`.
    const digest = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
    const whole = (url: string) => url.replace('bodySHA256=', `bodySHA256=${digest}`);
    expect(await verdictOf(name, whole(signed), whole(arrives))).toEqual(accepted);
  });

  test.each<[UrlScheme, string, string]>([
    ['square', `${base}?o=a@b`, `${base}?o=a%40b`],
    ['square', 'https://hooks.example.com:443/s', base],
    ['hubspot', `${base}?q=a+b`, `${base}?q=a%2Bb`],
    ['hubspot', `${base}?q=a&b`, `${base}?q=a%26b`],
    ['hubspot', 'https://hooks.example.com:443/s', base],
    ['twilio-form', `${base}?q=a&b=1`, `${base}?q=a%26b=1`],
    ['twilio-form', `${base}?q=/`, `${base}?q=%2F`],
    ['twilio-form', `${base}?a=1&b=2`, `${base}?b=2&a=1`],
    ['twilio-form', base, `${base}/`],
    ['twilio-form', 'https://hooks.example.com:444/s', base],
    ['twilio-form', 'http://hooks.example.com/s', base],
  ])('%s signs %s, and %s is another', async (name, signed, arrives) => {
    expect(await verdictOf(name, signed, arrives)).toEqual(refused('mismatch'));
  });

  test('is one of four at most, whatever it holds', () => {
    const query = "?u=sip%3Ao%27b%40h&n=%C3%A9&m=%FF&q='@:é%2F%3F";
    for (const writing of ['as-sent', 'hubspot', 'twilio'] satisfies UrlWriting[]) {
      const urls = signedUrls(base + query, writing);
      expect(urls).toContain(base + query);
      expect(urls.length).toBeLessThanOrEqual(4);
      expect(new Set(urls).size).toBe(urls.length);
    }
  });

  test.each(['square', 'hubspot', 'twilio-form'] as const)(
    'of a GET that %s sends is signed with nothing behind it',
    async (name) => {
      const request = { ...requestWith([], ''), method: 'GET', url: `${base}?CallSid=CA1` };
      const { headers } = await signRequest(schemes[name], request, secret, now);
      const received = { ...request, headers: new Headers(headers) };
      expect(await verifySignature(schemes[name], received, [secret], now)).toEqual(accepted);
      const other = { ...received, url: `${base}?CallSid=CA2` };
      expect(await verifySignature(schemes[name], other, [secret], now)).toEqual(
        refused('mismatch'),
      );
    },
  );
});
