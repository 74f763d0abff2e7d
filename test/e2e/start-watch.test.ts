import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { anyPorts, Home, RelayProcess, select, until } from '../beds/relay-process.ts';

const shared = fileURLToPath(new URL('../../shared/main.ts', import.meta.url));

const config = (streams: string) => `import { defineRelay, segmentstream } from '${shared}';
export const relay = defineRelay({ project: 'acme-relay', streams: { ${streams} } });
`;
const crm = "crm: segmentstream({ table: 'crm.orders' }),";

let home: Home;
let relay: RelayProcess | undefined;

beforeEach(() => {
  home = new Home();
});

afterEach(async () => {
  await relay?.killGroup().catch(() => {});
  home.remove();
});

async function start(...args: string[]): Promise<RelayProcess> {
  const file = join(home.path, 'tributary.config.ts');
  writeFileSync(file, config(crm));
  return await RelayProcess.start(home, ['--config', file, ...anyPorts, ...args]);
}

function change(text: string): void {
  writeFileSync(join(home.path, 'tributary.config.ts'), text);
}

/** The status of a delivery to a stream, signed with its present key. */
async function post(stream: string, body: string): Promise<number | undefined> {
  const key = home.secrets[`${stream.toUpperCase()}_KEY`] ?? '';
  const url = `${relay?.edge}/${stream}/${key}`;
  const answer = await fetch(url, { method: 'POST', body }).catch(() => undefined);
  return answer?.status;
}

async function rowsOf(table: string, count: number): Promise<unknown[]> {
  const sql = `SELECT payload FROM \`acme-relay.${table}\` ORDER BY received_at`;
  return await until(
    () => (relay ? select(relay.bigquery, sql) : Promise.resolve([])),
    (rows) => rows.length >= count,
  );
}

it('takes over a new stream, keeps the tables, and goes on while the config is wrong', async () => {
  relay = await start();
  const { ports } = relay;
  expect(await post('crm', 'before')).toBe(204);
  await rowsOf('crm.orders', 1);

  change(config(`${crm} shop: segmentstream({ table: 'shop.orders' }),`));
  await relay.printed('Restarted. New: shop');
  expect(relay.output).toContain('generated SHOP_KEY');
  expect(relay.ports).toEqual({ ...ports, subscriber: expect.any(Number) });
  expect(await post('shop', 'new')).toBe(204);
  expect(await post('crm', 'after')).toBe(204);
  expect(await rowsOf('shop.orders', 1)).toEqual([{ payload: 'new' }]);
  expect(await rowsOf('crm.orders', 2)).toEqual([{ payload: 'before' }, { payload: 'after' }]);

  change(config(`${crm} shop: segmentstream({ table: 'nowhere', filters: 1 } as never),`));
  await relay.printed('has problems: the relay goes on as before');
  expect(relay.output).toContain('streams.shop.table must be');
  expect(relay.output).toContain('streams.shop.filters is no option here');
  expect(await post('shop', 'still')).toBe(204);

  change(config(`${crm} shop: `));
  await relay.printed('tributary.config.ts:2');
  expect(await post('shop', 'still')).toBe(204);

  change(config(crm));
  await relay.printed('Gone: shop');
  expect(await post('shop', 'gone')).toBe(404);
  // Its own additions to the secrets are no change, so that each change is one restart.
  expect(relay.output.match(/^Restarted/gm)).toHaveLength(2);

  const secrets = readFileSync(home.secretsFile, 'utf8');
  writeFileSync(home.secretsFile, secrets.replace(/^CRM_KEY=.*$/m, "CRM_KEY='another-key'"));
  await relay.printed('.dev.vars changed: restarting the subscriber and the edge');
  await until(
    async () => [await post('crm', 'rotated')],
    ([status]) => status === 204,
  );
  expect(home.secrets['CRM_KEY']).toBe('another-key');
  expect(await relay.interrupt()).toBe(0);
}, 120_000);

it('with --no-watch a change changes nothing, and --json prints one document', async () => {
  const file = join(home.path, 'tributary.config.ts');
  writeFileSync(file, config(crm));
  relay = new RelayProcess(home, [
    '--config',
    file,
    ...anyPorts,
    '--no-watch',
    '--json',
    '--quiet',
  ]);
  await relay.printed('"streams"');
  const [line = ''] = relay.output.split('\n').filter((text) => text.startsWith('{'));
  expect(JSON.parse(line)).toMatchObject({
    ok: true,
    edge: relay.edge,
    streams: [{ name: 'crm', table: 'acme-relay.crm.orders', url: `${relay.edge}/crm` }],
  });
  expect(await post('crm', 'one')).toBe(204);
  expect(await relay.interrupt()).toBe(0);
}, 60_000);
