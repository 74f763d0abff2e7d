import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Edge, startEdge } from '../../local/edge.ts';
import { relay } from '../../tributary.config.ts';
import { type PubsubStandIn, startPubsubStandIn } from '../beds/pubsub-stand-in.ts';
import type { Fault, Try } from '../beds/pubsub-stand-in-script.ts';

// Deliveries that share a request to Pub/Sub, in real workerd: each is a request context of its own there.

const key = 'crm-key';

let pubsub: PubsubStandIn;
let edge: Edge;

beforeAll(async () => {
  pubsub = await startPubsubStandIn({ hidesReports: true });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    client_email: 'relay@your-project.iam.gserviceaccount.com',
    private_key_id: 'key-of-the-tests',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  edge = await startEdge({
    port: 0,
    bindings: {
      PUBSUB_ENDPOINT: pubsub.url,
      GOOGLE_SERVICE_ACCOUNT: JSON.stringify(account),
      DATANOSTRO_SECRET: 'secret',
      ABSMARTLY_KEY: 'absmartly-key',
      CRM_KEY: key,
    },
  });
}, 60_000);

afterAll(async () => {
  await edge?.stop();
  await pubsub?.close();
});

const busy: Fault[] = [{ afterMs: 200 }, { afterMs: 200 }];

/** Sends so many at once while Pub/Sub fails as scripted; the tries that this made, and who was accepted. */
async function sendAtOnce(count: number, faults: Fault[]) {
  await fetch(`${pubsub.url}/script/${relay.topic}`, {
    method: 'PUT',
    body: JSON.stringify(faults),
  });
  const before = (await triesSoFar()).length;
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const url = `http://127.0.0.1:${edge.port}/crm/${key}`;
      const response = await fetch(url, { method: 'POST', body: `n=${n}` });
      await response.arrayBuffer();
      return { status: response.status, id: response.headers.get('tributary-delivery-id') };
    }),
  );
  const tries = (await triesSoFar()).slice(before);
  const accepted = answers.flatMap(({ status, id }) => (status === 204 && id ? [id] : []));
  return { answers, tries, accepted, stored: tries.filter((one) => one.stored).flatMap(idsOf) };
}

async function triesSoFar(): Promise<Try[]> {
  return (await (await fetch(`${pubsub.url}/tries/${relay.topic}`)).json()) as Try[];
}

function idsOf({ request }: Try): string[] {
  return request.messages.map(({ attributes }) => attributes['delivery_id'] ?? '');
}

test('deliveries that come while others are on their way share requests, each of them once', async () => {
  const { tries, accepted, stored } = await sendAtOnce(40, busy);
  expect(accepted).toHaveLength(40);
  expect(new Set(stored)).toEqual(new Set(accepted));
  expect(stored).toHaveLength(40);
  expect(tries.length).toBeLessThan(20);
  expect(Math.max(...tries.map((one) => one.request.messages.length))).toBeGreaterThan(5);
});

test.each<[string, Fault]>([
  ['refused for good', { status: 400 }],
  ['refused for now', { status: 503 }],
  ['not authorized', { status: 401 }],
  ['acknowledged for too few', { body: '{"messageIds":["1"]}' }],
])('a shared request that is %s: each of its deliveries is tried again alone', async (_, fault) => {
  const { tries, accepted, stored } = await sendAtOnce(20, [...busy, fault]);
  expect(accepted).toHaveLength(20);
  expect(stored.toSorted()).toEqual(accepted.toSorted());
  const failed = tries.find((one) => !one.stored);
  expect(failed?.request.messages.length).toBeGreaterThan(1);
  for (const id of failed ? idsOf(failed) : []) {
    expect(tries.filter((one) => one.stored && idsOf(one).includes(id)).map(idsOf)).toEqual([[id]]);
  }
});

test('an acknowledgement of a shared request is lost: each comes twice, under one id', async () => {
  const { accepted, stored } = await sendAtOnce(20, [...busy, 'lose-ack']);
  expect(accepted).toHaveLength(20);
  expect(new Set(stored)).toEqual(new Set(accepted));
  expect(stored.length).toBeGreaterThan(20);
});

test('requests that hang hold up nobody but those within', async () => {
  const { tries, accepted, stored } = await sendAtOnce(20, ['hang', 'hang', 'hang']);
  expect(accepted).toHaveLength(20);
  expect(new Set(stored)).toEqual(new Set(accepted));
  expect(tries.filter((one) => !one.stored)).toHaveLength(3);
});

test('Pub/Sub fails all: nobody is told that a delivery is stored', async () => {
  const { answers, stored } = await sendAtOnce(20, Array(500).fill({ status: 503 }));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(stored).toEqual([]);
  await sendAtOnce(0, []);
});

test('one whose sender hangs up takes nobody with it', async () => {
  await fetch(`${pubsub.url}/script/${relay.topic}`, {
    method: 'PUT',
    body: JSON.stringify([{ afterMs: 200 }, { afterMs: 200 }]),
  });
  // These two have the ways to Pub/Sub when the others come, and then they are gone.
  const before = (await triesSoFar()).length;
  const sockets = await Promise.all([post('n=a'), post('n=b')]);
  await expect.poll(async () => (await triesSoFar()).length).toBe(before + 2);
  for (const socket of sockets) socket.destroy();
  const { accepted, stored } = await sendAtOnce(20, []);
  expect(accepted).toHaveLength(20);
  expect(stored).toEqual(expect.arrayContaining(accepted));
});

async function post(body: string): Promise<Socket> {
  const socket = connect(edge.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /crm/${key} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}
