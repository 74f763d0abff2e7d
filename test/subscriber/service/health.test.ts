import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { readHealthAddress } from '../../../subscriber/environment.ts';
import {
  type DeliveryInFlight,
  type Health,
  startHealth,
} from '../../../subscriber/service/health.ts';

let health: Health | undefined;

afterEach(() => health?.stop());

async function start(environment: NodeJS.ProcessEnv): Promise<number> {
  const address = readHealthAddress(environment);
  if (!address) throw new Error('no address');
  health = await startHealth(address, {
    readiness: () => ({ isReady: true }),
    inFlight: (deliveryId) => (deliveryId === inFlight.deliveryId ? inFlight : undefined),
  });
  return health.port;
}

const inFlight: DeliveryInFlight = {
  deliveryId: '019c36d2-5a40-7c11-9f3e-1b2c3d4e5f60',
  stream: 'crm',
  receivedAt: '2026-02-07T08:00:00.000Z',
  since: '2026-02-07T08:00:01.000Z',
  messages: 1,
};

/** An address of this machine that others can reach; undefined where it has none. */
const outward = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

async function isReached(host: string, port: number): Promise<boolean> {
  const answer = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

describe('health', () => {
  it.each(['HEALTH_PORT', 'PORT'])('is only available on this machine, by %s', async (name) => {
    const port = await start({ [name]: '0' });
    expect(await isReached('127.0.0.1', port)).toBe(true);
    // Every address of 127.0.0.0/8 reaches what listens on all of them.
    if (process.platform === 'linux') expect(await isReached('127.0.0.2', port)).toBe(false);
    if (outward) expect(await isReached(outward, port)).toBe(false);
  });

  it('is available to others where HEALTH_HOST says so', async () => {
    const port = await start({ HEALTH_PORT: '0', HEALTH_HOST: '0.0.0.0' });
    expect(await isReached('127.0.0.1', port)).toBe(true);
    if (process.platform === 'linux') expect(await isReached('127.0.0.2', port)).toBe(true);
    if (outward) expect(await isReached(outward, port)).toBe(true);
  });

  it('refuses a host that is not an address', () => {
    for (const host of ['example.com', 'http://0.0.0.0', '0.0.0.0:80', '*']) {
      expect(() => readHealthAddress({ HEALTH_PORT: '0', HEALTH_HOST: host })).toThrow(
        'HEALTH_HOST must be an address',
      );
    }
    expect(readHealthAddress({ HEALTH_HOST: '0.0.0.0' })).toBeUndefined();
    expect(readHealthAddress({ HEALTH_PORT: '1', HEALTH_HOST: '' })?.host).toBe('127.0.0.1');
  });

  it('says what is wrong with where it is to listen', async () => {
    const away = start({ HEALTH_PORT: '0', HEALTH_HOST: '203.0.113.1' });
    await expect(away).rejects.toMatchObject({ code: 'environment.invalid' });
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    await expect(start({ HEALTH_PORT: `${port}` })).rejects.toMatchObject({ code: 'port.taken' });
    squatter.close();
  });

  it('says whether a delivery is in flight, to those who know its whole id', async () => {
    const port = await start({ HEALTH_PORT: '0' });
    const ask = async (id: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}/deliveries/${id}`);
      return { status: answer.status, text: await answer.text() };
    };
    const found = await ask(inFlight.deliveryId);
    expect(found.status).toBe(200);
    expect(JSON.parse(found.text)).toEqual(inFlight);
    for (const other of ['019c36d2', '019c36d2-5a40-7c11-9f3e-1b2c3d4e5f61', '..%2Freadyz']) {
      expect((await ask(other)).status).toBe(404);
    }
    expect((await ask('')).status).toBe(404);
  });
});
