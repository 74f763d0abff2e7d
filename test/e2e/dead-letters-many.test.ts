import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Relay } from '../../shared/config/config.ts';
import { toAttributes } from '../../shared/envelope.ts';
import type { StoredLetter } from '../../subscriber/dead-letters/find-letters.ts';
import { type OperatedBed, startOperatedBed } from '../beds/operated-bed.ts';

const soon = { timeout: 120_000, interval: 250 };

let bed: OperatedBed;
let relay: Relay;

/** @param place where the config finds the amount: the senders' deliveries have it at `$.amount` */
function streams(place: string): Record<string, string> {
  const columns = `columns: {
    id: { type: 'STRING', from: '$.id' }, amount: { type: 'INT64', from: '${place}', required: true },
    size: { type: 'INT64', from: '$.size' }, delivery_id: { type: 'STRING', from: 'delivery:id' },
    received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' } }`;
  return {
    many: `generic({ table: 'shop.many', ${columns} })`,
    twice: `generic({ table: 'shop.twice', ${columns} })`,
    keyed: `generic({ table: 'shop.keyed', key: ['id'], ${columns} })`,
    gone: `generic({ table: 'shop.gone', ${columns} })`,
  };
}

async function use(configured: Record<string, string>): Promise<void> {
  await bed.kill('SIGTERM');
  relay = await bed.writeConfig(configured);
  bed.serve();
}

async function publish(stream: string, count: number, size = 0): Promise<void> {
  const topic = bed.pubsub.topic(relay.topic, { batching: { maxMessages: 500 } });
  await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const event = { id: `${size}-${n}`, amount: n, size, label: 'x'.repeat(Math.max(1, size)) };
      const attributes = toAttributes({
        ...{ stream, deliveryId: uuidv7(), receivedAt: Date.now() },
        contentType: 'application/json',
      });
      await topic.publishMessage({ data: Buffer.from(JSON.stringify(event)), attributes });
    }),
  );
}

async function count(query: string): Promise<number> {
  const [row] = await bed.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM (${query})`);
  return row?.n ?? 0;
}

const countLetters = (stream: string) =>
  count(`SELECT DISTINCT message_id FROM tributary.dead_letters WHERE stream = '${stream}'`);

async function json<Document>(...args: string[]): Promise<Document> {
  const { out, err } = await bed.start('dead-letters', ...args, '--json').ended;
  expect(err).toBe('');
  return JSON.parse(out) as Document;
}

const list = (stream: string) =>
  json<StoredLetter[]>('list', '--stream', stream, '--limit', '20000');

beforeAll(async () => {
  bed = await startOperatedBed();
  relay = await bed.writeConfig(streams('$.label'));
  await bed.pubsub.createTopic(relay.topic);
  await bed.pubsub.createSubscription(relay.topic, relay.subscription);
}, 60_000);

afterAll(() => bed.stop());

describe('dead letters', { timeout: 300_000 }, () => {
  it('of 9.5 MB, of 1 MB and 10,000 at once are replayed, each once', async () => {
    bed.serve();
    await publish('many', 1, 9_500_000);
    await expect.poll(() => countLetters('many'), soon).toBe(1);
    await publish('many', 20, 1_000_000);
    await publish('many', 10_000);
    await expect.poll(() => countLetters('many'), soon).toBe(10_021);
    await use(streams('$.amount'));

    // The oldest one is in several rows of the table, and is not cut.
    const one = await json('replay', '--stream', 'many', '--limit', '1');
    expect(one).toMatchObject({ published: 1, results: { written: 1 }, waiting: 0 });
    const begun = performance.now();
    const others = await json('replay', '--stream', 'many');
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.info(`dead-letters-many.test.ts: 10,020 letters replayed in ${seconds} s`);
    expect(others).toMatchObject({ published: 10_020, results: { written: 10_020 }, waiting: 0 });
    expect(await list('many')).toEqual([]);
    expect(await count('SELECT id FROM shop.many_unique')).toBe(10_021);
    const sizes = await bed.rows<{ size: number; n: number }>(
      'SELECT size, COUNT(DISTINCT id) AS n FROM shop.many GROUP BY size ORDER BY size',
    );
    expect(sizes.map(({ size, n }) => [size, n])).toEqual([
      [0, 10_000],
      [1_000_000, 20],
      [9_500_000, 1],
    ]);
  });

  it('that two people replay at once, while their own messages come again, are rows once', async () => {
    await use(streams('$.label'));
    await Promise.all([publish('twice', 200), publish('keyed', 200)]);
    await expect
      .poll(async () => (await countLetters('twice')) + (await countLetters('keyed')), soon)
      .toBeGreaterThan(100);
    // What it has not acked comes again, and is a row under the config as it is now.
    await bed.kill('SIGKILL');
    bed.pubsubFaults.add({ name: 'leases.expire' });
    await use(streams('$.amount'));
    const both = [1, 2].map(() => bed.start('dead-letters', 'replay', '--all').ended);
    for (const { status, err } of await Promise.all(both)) expect([status, err]).toEqual([0, '']);
    const unique = () =>
      Promise.all(['twice_unique', 'keyed'].map((table) => count(`SELECT id FROM shop.${table}`)));
    await expect.poll(unique, soon).toEqual([200, 200]);
    await expect
      .poll(async () => [...(await list('twice')), ...(await list('keyed'))], soon)
      .toEqual([]);
    expect(await unique()).toEqual([200, 200]);
  });

  it('whose stream the config does not have stay, say so, and go into another one', async () => {
    await use(streams('$.label'));
    await publish('gone', 3);
    await expect.poll(() => countLetters('gone'), soon).toBe(3);
    const { gone: _, ...others } = streams('$.amount');
    await use(others);
    const select = ['replay', '--stream', 'gone'];
    const { status, out, err } = await bed.start('dead-letters', ...select).ended;
    expect({ status, err }).toEqual({ status: 1, err: '' });
    expect(out).toBe('Replayed 3: 3 dead letter.\n');
    const letters = await json<StoredLetter[]>('list', '--stream', 'gone', '--all');
    expect(letters.some(({ reason }) => reason.includes('gone'))).toBe(true);

    const dry = await json('replay', '--stream', 'gone', '--as', 'twice', '--dry-run');
    expect(dry).toMatchObject([{ stream: 'gone', kind: 'row', count: 3 }]);
    const moved = await bed.start('dead-letters', ...select, '--as', 'twice').ended;
    expect(moved).toMatchObject({ status: 0, out: 'Replayed 3: 3 written.\n', err: '' });
    expect(await list('gone')).toEqual([]);
    expect(await count('SELECT id FROM shop.twice_unique')).toBe(203);
  });
});
