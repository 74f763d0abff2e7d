import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { AlertStore } from '../../../subscriber/alerts/state/alert-store.ts';
import { secretPath, startAlertReceiver } from '../../beds/alert-receiver.ts';
import { type BigQueryBed, PROJECT, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { type Run, runCommand } from '../../beds/run-command.ts';

let bed: BigQueryBed;
let folder: string;
let store: AlertStore;

beforeAll(async () => {
  bed = await startBigQueryBed();
  // In the repository: the config imports the package by its name.
  folder = await mkdtemp(join(import.meta.dirname, 'tributary-alerts-'));
  await writeFile(
    join(folder, 'tributary.config.ts'),
    `import { defineRelay, shopify } from 'tributary-relay';
export const relay = defineRelay({
  project: '${PROJECT}',
  alerts: {
    receivers: [{ url: 'GOOD_URL', format: 'slack' }, { url: 'BAD_URL', format: 'generic' }],
  },
  streams: { orders: shopify({ table: 'shop.orders' }) },
});
`,
  );
  const { port } = new URL(bed.url);
  const ports = { bigquery: Number(port), bigqueryGrpc: bed.grpcPort };
  await writeFile(join(folder, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
  store = new AlertStore(bed.bigquery, defineRelay({ project: PROJECT, streams: {} }));
}, 60_000);

afterAll(async () => {
  await bed?.stop();
  if (folder) await rm(folder, { recursive: true });
});

function run(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
  const config = join(folder, 'tributary.config.ts');
  return runCommand(args, { ...process.env, ...environment, TRIBUTARY_CONFIG: config });
}

const list = (...args: string[]) => run(['alerts', 'list', '--state', folder, ...args]);

describe('alerts list', () => {
  it('says so while there are none', async () => {
    expect(await list()).toMatchObject({ status: 0, out: 'No alert fires.\n' });
    expect(JSON.parse((await list('--json')).out)).toEqual({ alerts: [], receivers: [] });
  });

  it('shows what fires, what was cleared on demand, and the receivers', async () => {
    await store.ensure();
    const now = Date.now();
    await store.receivers.add(['GOOD_URL'], now);
    await store.fire(
      [
        { condition: 'overflow', stream: 'orders', reason: 'many', count: 7, example: 'id-7' },
        { condition: 'silence', stream: 'orders', reason: 'none', count: 1 },
      ],
      now,
    );
    await store.clear(['silence/orders'], now, now + 1);
    await store.receivers.failed('GOOD_URL', '503', 1000);
    const { alerts, receivers } = JSON.parse((await list('--json')).out) as {
      alerts: unknown[];
      receivers: unknown[];
    };
    expect(alerts).toEqual([
      expect.objectContaining({
        id: 'overflow/orders',
        state: 'firing',
        count: 7,
        example: 'id-7',
        told: [],
      }),
    ]);
    expect(receivers).toEqual([
      expect.objectContaining({
        receiver: 'GOOD_URL',
        state: 'failing',
        answer: '503',
        sentAt: null,
      }),
    ]);
    const all = JSON.parse((await list('--json', '--all')).out) as { alerts: { state: string }[] };
    expect(all.alerts.map(({ state }) => state)).toEqual(['firing', 'clear']);
    const { out } = await list();
    expect(out).toContain('Firing: 1.');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('alerts test', () => {
  it('shows what each receiver answers, and never its URL', async () => {
    const good = await startAlertReceiver();
    const bad = await startAlertReceiver();
    bad.answer((response) => response.writeHead(403).end('invalid_token'));
    const urls = { GOOD_URL: good.url, BAD_URL: bad.url };
    const { status, out, err } = await run(['alerts', 'test'], urls);
    expect(status).toBe(1);
    expect(out).toMatch(/GOOD_URL.*yes.*200/);
    expect(out).toMatch(/BAD_URL.*no.*403: invalid_token/);
    expect(out + err).not.toContain(secretPath);
    expect(good.posts[0]?.body).toContain('this is a test');
    expect(bad.messages()[0]).toMatchObject({ kind: 'test', alerts: [{ stream: 'orders' }] });
  });

  it('sends to one that is named, and names those that there are', async () => {
    const good = await startAlertReceiver();
    const one = await run(['alerts', 'test', 'GOOD_URL', '--json'], { GOOD_URL: good.url });
    expect(one.status).toBe(0);
    expect(JSON.parse(one.out)).toEqual([
      expect.objectContaining({ receiver: 'GOOD_URL', ok: true }),
    ]);
    const unknown = await run(['alerts', 'test', 'OTHER_URL']);
    expect(unknown.status).not.toBe(0);
    expect(unknown.err).toContain('alerts.receiver');
    expect(unknown.err).toContain('GOOD_URL, BAD_URL');
  });

  it('names a URL that is missing or wrong, without showing it', async () => {
    const { status, out } = await run(['alerts', 'test', '--json'], {
      BAD_URL: 'http://planted.example.com/x',
    });
    expect(status).toBe(1);
    expect((JSON.parse(out) as { answer: string }[]).map(({ answer }) => answer)).toEqual([
      'GOOD_URL is not set',
      'BAD_URL must be an https URL',
    ]);
    expect(out).not.toContain('planted');
  });
});

describe('check', () => {
  it('warns of URLs that are missing or wrong', async () => {
    const { out } = await run(['check', '--json'], { BAD_URL: 'http://planted.example.com/x' });
    const { warnings } = JSON.parse(out) as { warnings: { path: string; message: string }[] };
    expect(warnings.map(({ path, message }) => [path, message])).toEqual(
      expect.arrayContaining([
        ['GOOD_URL', 'is not set'],
        ['BAD_URL', 'must be an https URL'],
      ]),
    );
    expect(out).not.toContain('planted');
  });
});
