import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeSecrets, makeSecrets } from '../../local/secrets.ts';
import { signDelivery, tryDelivery } from '../../local/testing/main.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { type SchemeName, schemes } from '../../shared/signatures/schemes.ts';
import { verifySignature } from '../../shared/signatures/verify/verify.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { generic } from '../../shared/sources/generic.ts';

function relayOf(scheme: SchemeName) {
  return defineRelay({
    project: 'my-project',
    publicUrl: 'https://hooks.example.com',
    streams: { own: generic({ table: 'a.b', scheme }) },
  });
}

describe('makeSecrets', () => {
  it.each(Object.keys(schemes) as SchemeName[])(
    'makes a secret that %s can be verified with',
    async (name) => {
      const relay = relayOf(name);
      const [stream] = relay.streams.values();
      const secret = makeSecrets(relay)[stream?.secrets[0] ?? ''];
      const request = {
        method: 'POST',
        url: 'https://hooks.example.com/own',
        headers: new Headers({ authorization: 'Basic eDp5' }),
        body: new TextEncoder().encode('{}'),
      };
      const verdict = await verifySignature(schemes[name], request, [secret ?? ''], Date.now());
      // The sender's certificate is fetched: its secret is the id of a webhook, which only the sender gives.
      const causes =
        'certificate' in schemes[name] ? /^no-secret$/ : /^(missing|malformed|mismatch)$/;
      expect(verdict).toMatchObject({ ok: false, cause: expect.stringMatching(causes) });
    },
  );
});

describe('a key pair', () => {
  it.each(['discord', 'sendgrid'] as const)(
    'of %s signs what its public key verifies',
    async (name) => {
      const relay = relayOf(name);
      const secrets = makeSecrets(relay);
      const delivery = await signDelivery(relay, 'own', { body: '{}' }, { secrets });
      expect(await tryDelivery(relay, 'own', delivery, { secrets })).toMatchObject({
        outcome: 'accepted',
        signature: 'OWN_SECRET',
      });
      expect(Object.keys(secrets)).toContain('OWN_SECRET_PRIVATE_KEY');
    },
  );
});

describe('completeSecrets', () => {
  const relay = defineRelay({
    project: 'my-project',
    streams: { exports: absmartly({ table: 'ab.exports', apiUrl: 'https://acme.absmartly.com' }) },
  });
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tributary-test-'));
    file = join(directory, '.dev.vars');
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('creates the file only for its owner, and changes nothing the next time', () => {
    const first = completeSecrets(file, relay);
    expect(first.added).toEqual(['GOOGLE_SERVICE_ACCOUNT', 'EXPORTS_KEY', 'EXPORTS_API_KEY']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(completeSecrets(file, relay)).toEqual({ secrets: first.secrets, added: [] });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('keeps existing lines and comments, and fills empty values', () => {
    writeFileSync(file, '# mine\nEXPORTS_KEY="a key"\nEXPORTS_API_KEY=\nOTHER=1');
    const { secrets, added } = completeSecrets(file, relay);
    expect(added).toEqual(['GOOGLE_SERVICE_ACCOUNT', 'EXPORTS_API_KEY']);
    expect(secrets).toMatchObject({ EXPORTS_KEY: 'a key', OTHER: '1' });
    expect(readFileSync(file, 'utf8')).toContain('# mine\nEXPORTS_KEY="a key"\n');
    expect(completeSecrets(file, relay)).toEqual({ secrets, added: [] });
  });

  it('tightens a file that others can read when it adds to it, and says so', () => {
    writeFileSync(file, 'EXPORTS_KEY=mine\n');
    chmodSync(file, 0o644);
    const { tightened } = completeSecrets(file, relay);
    expect(tightened).toContain(`${file} could be read by others`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o640);
    expect(completeSecrets(file, relay)).not.toHaveProperty('tightened');
  });
});
