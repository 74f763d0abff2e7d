import { describe, expect, test } from 'vitest';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { discord, square, stripe, svix, twilio } from '../../../shared/sources/presets.ts';
import { logged, openEdge } from '../../beds/workerd/edge.ts';
import { bytesOf } from '../../shared/signatures/signature-vectors.ts';

const table = 'd.t';

describe('a secret that cannot be read', () => {
  test('is a 503, and the log names the secret and its form, but quotes nothing of it', async () => {
    const values = { A_NEW: 'whsec_né-geheim', A_OLD: 'whsec_c2VjcmV0', A_ODD: '!geheim' };
    const streams = { a: svix({ table, secrets: Object.keys(values) }) };
    const { headers } = await signRequest(
      schemes.svix,
      { method: 'POST', url: '', headers: new Headers(), body: new Uint8Array(2) },
      'whsec_b3RoZXI=',
      Date.now(),
    );
    const edge = openEdge({ streams, env: values });
    const [line = ''] = await logged(async () => {
      expect((await edge.send('/a', { headers, body: '{}' })).status).toBe(503);
    });
    const { cause, problem } = JSON.parse(line);
    expect(cause).toBe('bad-secret');
    expect(problem).toMatch(/^configuration: A_NEW can't .*base64.*; A_ODD can't .*base64/);
    expect(problem).not.toContain('A_OLD');
    expect(line).not.toContain('geheim');
  });

  test('does not affect another secret', async () => {
    const streams = { a: svix({ table, secrets: ['A_NEW', 'A_OLD'] }) };
    const env = { A_NEW: 'whsec_é', A_OLD: ' v1,whsec_c2VjcmV0 ' };
    const body = bytesOf('{"type":"a"}');
    const request = { method: 'POST', url: '', headers: new Headers(), body };
    const { headers } = await signRequest(schemes.svix, request, 'whsec_c2VjcmV0', Date.now());
    const response = await openEdge({ streams, env }).send('/a', { headers, body });
    expect(response.status).toBe(204);
  });
});

test.each([0, 1, 32, 63, 64, 65, 128])(
  'an Ed25519 signature of %i bytes is a 401, never a 503',
  async (bytes) => {
    const env = { A_SECRET: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' };
    const headers = { 'x-signature-ed25519': '00'.repeat(bytes), 'x-signature-timestamp': '1' };
    const edge = openEdge({ streams: { a: discord({ table }) }, env });
    expect((await edge.send('/a', { headers, body: '{}' })).status).toBe(401);
  },
);

describe('the URL that was signed', () => {
  const env = { A_SECRET: 'secret' };

  test.each(['https://hooks.example.com', 'https://hooks.example.com/', 'https://h.example/x/y/'])(
    'begins with the public one: %s',
    async (publicUrl) => {
      const url = `${publicUrl.replace(/\/$/, '')}/a?q=a%20b'c`;
      const body = bytesOf('{"type":"a"}');
      const request = { method: 'POST', url, headers: new Headers(), body };
      const { headers } = await signRequest(schemes.square, request, 'secret', Date.now());
      const edge = openEdge({ streams: { a: square({ table }) }, env, publicUrl });
      for (const path of ["/a?q=a%20b'c", '/a?q=a%20b%27c']) {
        expect((await edge.send(path, { headers, body })).status).toBe(204);
      }
      expect((await edge.send('/a?q=other', { headers, body })).status).toBe(401);
    },
  );

  test('may have several forms for Twilio', async () => {
    const publicUrl = 'https://hooks.example.com';
    const body = bytesOf('MessageSid=SM1&MessageStatus=sent');
    const url = `${publicUrl}:443/a?u=sip:o'b@h`;
    const request = { method: 'POST', url, headers: new Headers(), body };
    const signed = await signRequest(schemes['twilio-form'], request, 'secret', Date.now());
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...signed.headers };
    const edge = openEdge({ streams: { a: twilio({ table }) }, env, publicUrl });
    const response = await edge.send('/a?u=sip%3Ao%27b%40h', { headers, body });
    expect(response.status).toBe(204);
  });
});

test.each([
  ['90s', 120, 401],
  ['3d', 86_400, 204],
  [false, 1e8, 204],
] as const)(
  'a replay window of %s, %i seconds later, is a %i',
  async (replayWindow, seconds, status) => {
    const body = bytesOf('{"id":"e","type":"a"}');
    const request = { method: 'POST', url: '', headers: new Headers(), body };
    const then = Date.now() - seconds * 1000;
    const { headers } = await signRequest(schemes.stripe, request, 'secret', then);
    const streams = { a: stripe({ table, replayWindow }) };
    const edge = openEdge({ streams, env: { A_SECRET: 'secret' } });
    expect((await edge.send('/a', { headers, body })).status).toBe(status);
  },
);
