import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SchemeName, schemeOf, schemes } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';
import { type RelayBed, startRelayBed } from '../beds/relay-bed.ts';
import { type Keys, keysFor } from '../shared/signatures/signature-keys.ts';
import { changesOf, type Honest, type Hostile } from './hostile-requests.ts';
import { type HostileBody, hostileBodies } from './hostile-values.ts';
import { RawConnection, request } from './raw-http.ts';

// Whatever a sender, or somebody who plays one, does: it is never answered 5xx, and what is not signed is never
// stored. Over raw sockets, for much of it no HTTP client would send.

const schemeNames = Object.keys(schemes) as SchemeName[];
const publicUrl = 'https://hooks.example.com';
const allowed = [400, 401, 404, 405, 408, 411, 413, 415, 429, 431];
const connections = 6;

/** What is answered so may or may not be right; anything else is a failure of ours. */
const isAllowed = (status: number) => (status >= 200 && status < 300) || allowed.includes(status);

/** Streams that are read as one format each, or as whatever comes. */
const formats: Record<string, string> = {
  'as-json': "body: 'json'",
  'as-form': "body: 'form'",
  'as-items': "each: '$.items'",
  'as-batch': "each: '$'",
  'as-lines': "each: 'lines'",
  'as-multipart': "body: 'multipart'",
  'as-text': "body: 'text'",
  'as-any': "body: ['json', 'form', 'multipart', 'text']",
};

const multipartBody = '--b\r\nContent-Disposition: form-data; name="event"\r\n\r\na\r\n--b--\r\n';
const adyenItem = '{"pspReference":"1","eventCode":"a","amount":{"value":1},"additionalData":{}}';
const form = { body: 'event=a&b=2', contentType: 'application/x-www-form-urlencoded' };

/** By stream, where it is not an event as JSON. */
const honestBodies: Record<string, { body: string; contentType?: string }> = {
  adyen: { body: `{"notificationItems":[{"NotificationRequestItem":${adyenItem}}]}` },
  'twilio-form': form,
  'as-form': form,
  'as-items': { body: '{"items":[{"event":"a"}]}' },
  'as-multipart': { body: multipartBody, contentType: 'multipart/form-data; boundary=b' },
};

/** Of what is larger, the schemes see as much in smaller ones; formats get all. */
const largeBytes = 70_000;

function headersOf({ contentType, contentEncoding }: HostileBody): Record<string, string> {
  return {
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
  };
}

function toHostile(what: string, { target, headers, body }: Honest, forged: boolean): Hostile {
  const bytes = request('POST', target, Object.entries(headers), body);
  return { what, method: 'POST', bytes, forged };
}

describe('hostile deliveries', () => {
  const accepted = new Set<string>();
  const keys = new Map<string, Keys>();
  let bed: RelayBed;
  let open: RawConnection[];

  beforeAll(async () => {
    const streams: Record<string, string> = {};
    const secrets: Record<string, string> = {};
    const add = async (name: string, scheme: SchemeName, shape: string) => {
      const table = `edge.${name.replaceAll('-', '_')}`;
      const made = await keysFor(schemes[scheme]);
      const secret = `${name.toUpperCase().replaceAll('-', '_')}_HELD`;
      streams[name] =
        `generic({ table: '${table}', scheme: '${scheme}', event: '$.event', secrets: ['${secret}'], ${shape} })`;
      secrets[secret] = made.live;
      keys.set(name, made);
    };
    for (const name of schemeNames) {
      await add(name, name, name === 'twilio-form' ? "body: 'form'" : '');
    }
    for (const [name, shape] of Object.entries(formats)) await add(name, 'endpoint-key', shape);
    streams['crm'] =
      "segmentstream({ table: 'edge.crm', fields: true, acceptsGet: true, secrets: ['AS_JSON_HELD'] })";
    keys.set('crm', { signing: 'a secret', live: 'a secret' });
    bed = await startRelayBed({ streams, secrets, edge: 'workerd' });
    open = Array.from({ length: connections }, () => new RawConnection(bed.port));
  }, 60_000);

  afterAll(async () => {
    for (const connection of open ?? []) connection.close();
    await bed?.stop();
  });

  async function sign(
    stream: string,
    body: Buffer,
    headers: Record<string, string> = {},
    now = Date.now(),
  ): Promise<Honest> {
    const scheme = schemeOf(bed.relay.streams.get(stream) ?? { scheme: 'basic' });
    const url = `${publicUrl}/${stream}`;
    const asked = {
      method: 'POST',
      url,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: new Uint8Array(body),
    };
    const signed = await signRequest(scheme, asked, keys.get(stream)?.signing ?? '', now);
    return {
      target: (signed.url ?? url).slice(publicUrl.length),
      headers: { 'content-type': 'application/json', ...headers, ...signed.headers },
      body: Buffer.from(signed.body ?? body),
    };
  }

  async function honest(stream: string, now?: number): Promise<Honest> {
    const { [stream]: { body = '{"event":"a"}', contentType = 'application/json' } = {} } =
      honestBodies;
    return await sign(stream, Buffer.from(body), { 'content-type': contentType }, now);
  }

  /** Sends them over a few connections. Gives what was answered as it must not be. */
  async function send(requests: Iterable<Hostile>): Promise<string[]> {
    const wrong: string[] = [];
    const queue = requests[Symbol.iterator]();
    await Promise.all(
      open.map(async (connection) => {
        for (let next = queue.next(); !next.done; next = queue.next()) {
          const { what, method, bytes, forged } = next.value;
          let status: number;
          try {
            const answer = await connection.send([bytes], method);
            status = answer.status;
            const id = answer.headers['tributary-delivery-id'];
            if (id) accepted.add(id);
            if (forged && status < 300) wrong.push(`${what}: accepted`);
          } catch (error) {
            wrong.push(`${what}: ${error instanceof Error ? error.message : error}`);
            continue;
          }
          if (!isAllowed(status)) wrong.push(`${what}: ${status}`);
        }
      }),
    );
    return wrong;
  }

  test.each(schemeNames)('%s: whatever is changed in an honest delivery', async (name) => {
    expect(await send(changesOf(schemes[name], await honest(name)))).toEqual([]);
  });

  test.each(schemeNames)('%s: whatever is signed', async (name) => {
    const requests: Hostile[] = [];
    for (const hostile of hostileBodies.filter(({ body }) => body.length < largeBytes)) {
      // What the scheme signs may be a member of the body: a sender cannot sign what has none.
      const signed = await sign(name, hostile.body).catch(() => undefined);
      const { body, headers, target } = signed ?? {
        target: `/${name}`,
        headers: {},
        body: hostile.body,
      };
      requests.push(
        toHostile(
          hostile.what,
          { target, body, headers: { ...headers, ...headersOf(hostile) } },
          false,
        ),
      );
    }
    expect(await send(requests)).toEqual([]);
  });

  test.each([...Object.keys(formats), 'crm'])('%s: whatever the body is', async (name) => {
    const { target } = await sign(name, Buffer.alloc(0));
    const requests = hostileBodies.map((hostile) =>
      toHostile(hostile.what, { target, body: hostile.body, headers: headersOf(hostile) }, false),
    );
    expect(await send(requests)).toEqual([]);
  });

  test('what was signed long ago, or will be, where the sender stamps it', async () => {
    const requests: Hostile[] = [];
    for (const name of schemeNames) {
      const scheme = schemes[name];
      if (!('timestamp' in scheme) || scheme.timestamp?.toleranceS === undefined) continue;
      for (const days of [-40, 40]) {
        const now = Date.now() + days * 86_400_000;
        requests.push(toHostile(`${name}, ${days} days`, await honest(name, now), true));
      }
    }
    expect(requests.length).toBeGreaterThan(20);
    expect(await send(requests)).toEqual([]);
  });

  test('honest deliveries are taken as before', async () => {
    const refused: string[] = [];
    for (const name of bed.relay.streams.keys()) {
      const before = accepted.size;
      await send([toHostile(name, await honest(name), false)]);
      if (accepted.size === before) refused.push(name);
    }
    expect(refused).toEqual([]);
  });

  test('what was accepted is stored, and nothing else', { timeout: 60_000 }, async () => {
    await expect
      .poll(async () => accepted.difference(await bed.storedIds()).size, { timeout: 50_000 })
      .toBe(0);
    expect((await bed.storedIds()).difference(accepted)).toEqual(new Set());
  });
});
