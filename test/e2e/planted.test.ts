import { createHmac } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { loadProgram } from '../../cli/program/commands.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { startOtlpBed } from '../beds/otlp-bed.ts';
import { select, until } from '../beds/relay-process.ts';
import {
  bodyMark,
  PlantedRelay,
  plantedOtlpHeader,
  plantedSecrets,
  secretMark,
} from './planted.ts';
import { hasTool } from './tools.ts';

// Every output of a local relay, searched for secrets and payloads that were planted in it.

let relay: PlantedRelay;

afterEach(async () => {
  vi.unstubAllEnvs();
  await relay?.stop();
  relay?.remove();
});

const sequence = '\u001b]0;zqtitle\u0007';
/** As JSON has it. */
const escaped = JSON.stringify(sequence).slice(1, -1);
const payload = 'zqpayload';

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${relay.edge}${path}`, {
    method: 'POST',
    body,
    headers: { 'x-note': payload, ...headers },
  });
  return { status: response.status, text: await response.text() };
}

function signed(body: string, secret = plantedSecrets.BILLING_SECRET) {
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return { 'stripe-signature': `t=${t},v1=${v1}` };
}

function output(name: string): string {
  return relay.outputs.get(name) ?? '';
}

/** Deliveries of every outcome. The answers are outputs, too. */
async function deliver(): Promise<void> {
  const { ORDERS_KEY: key, AB_KEY } = plantedSecrets;
  const note = `"note":"${payload}${escaped}"`;
  const event = `{"id":"evt_1","type":"invoice.paid",${note}}`;
  const order = (id: string, at: string) => `{"id":"${id}","type":"paid","at":"${at}",${note}}`;
  const answers = await Promise.all([
    post('/billing', event, signed(event)),
    post('/billing', event, signed(event, 'another')),
    post('/billing', `not json ${payload}`, signed(`not json ${payload}`)),
    post(`/orders/${key}?token=${payload}`, order('a', '2026-11-01T00:00:00Z')),
    post(`/orders/${key}`, order('b', payload)),
    post(`/orders/${key}`, `{"id": ${payload}`),
    post(`/orders/${key}-wrong`, order('c', '2026-11-01T00:00:00Z')),
    post(`/no-such-stream/${key}`, order('d', '2026-11-01T00:00:00Z')),
    post(`/orders/${key}`, payload.repeat(1_000_000)),
    post(
      `/ab/${AB_KEY}`,
      `{"event_name":"ExperimentDataExportReady","id":1,${note},"metadata":{"download_url":"/v1/x.zip?sig=${plantedSecrets.AB_API_KEY}"}}`,
    ),
  ]);
  relay.outputs.set('answers', JSON.stringify(answers));
  expect(answers.map(({ status }) => status)).toEqual(expect.arrayContaining([204, 401, 404, 413]));
}

const otlp = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${plantedOtlpHeader}`,
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_TRACES_SAMPLER: 'always_on',
});

/** Each is run as it is and with --json. Those of the list that this version lacks are left out. */
const commands = (letter: string): string[][] => [
  ['check'],
  ['streams'],
  ['cost', '--events', '1000', '--bytes', '100'],
  ['doctor', '--wait', '2'],
  ['send', 'billing'],
  ['send', 'orders', '-'],
  ['send', 'ab'],
  ['send', 'nothing'],
  ['try', 'orders', '-'],
  ['filter-test', 'orders', '--filter', "{ event: '^paid' }"],
  ['filter-test', 'orders', '--filter', '('],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', letter],
  ['dead-letters', 'show', 'nothing'],
  ['dead-letters', 'replay', '--all', '--dry-run'],
  ['dead-letters', 'replay', letter, '--wait', '5'],
  ['query', 'SELECT * FROM planted.orders'],
  ['query', 'SELECT nothing FROM planted.orders'],
  ['import', 'history.jsonl', '--stream', 'orders'],
  ['backfill', 'orders', '--from', '2026-11-01'],
  ['reconcile', 'orders', '--from', '2026-11-01'],
  ['secret', 'orders', '--local-only'],
  ['provision', '--dry-run', '--terraform'],
  ['alerts', 'list'],
  ['alerts', 'test'],
  ['ledger'],
  ['status'],
  ['refused'],
  ['trace', letter],
];

/** They run the relay, which is done here otherwise, or know no secret. */
const others = ['start', 'local', 'demo', 'serve', 'drain', 'init', 'deploy', 'completion', 'tail'];

/** Commands whose output holds what a delivery held, because they are asked for it. */
const shows = /^(?:dead-letters show|try|query)\b/;

test('no output holds a secret or a payload', { timeout: 300_000 }, async () => {
  const collector = await startOtlpBed((response) => response.end());
  relay = new PlantedRelay();
  await relay.startStack(otlp(collector.url));
  const made = Object.values(parseEnv(relay.project.read('.dev.vars')) as Record<string, string>);
  const serve = { env: { ...relay.google, ...otlp(collector.url) }, until: 'subscriber is ready' };
  await relay.start('serve', ['serve'], serve);
  const isTerminal = hasTool('script');
  if (isTerminal) await relay.start('serve on a terminal', ['serve'], { ...serve, terminal: true });

  const started = ['start', 'serve', ...(isTerminal ? ['serve on a terminal'] : [])];
  // Pub/Sub shares the messages out among the three.
  const haveAll = () => started.every((name) => output(name).includes('dead letter'));
  for (let round = 0; round < 5 || !haveAll(); round++) await deliver();
  const bigquery = connectBigQuery('test-project', relay.ports.bigquery);
  const letters = () =>
    select<{ id: string }>(bigquery, 'SELECT delivery_id AS id FROM tributary.dead_letters');
  const [letter] = await until(letters, (found) => found.length >= 5);

  const body = `{"id":"e","type":"paid","at":"${payload}","note":"${payload}${escaped}"}`;
  relay.project.write('history.jsonl', `${body}\n{"id": ${payload}\n`);
  const known = (await loadProgram()).commands.map((command) => command.name());
  const all = commands(letter?.id ?? '').filter(([name = '']) => known.includes(name));
  const tried = new Set([...all.map(([name]) => name), ...others]);
  expect(known.filter((name) => !tried.has(name))).toEqual([]);
  for (const flags of [[], ['--json']]) {
    for (const args of all) await relay.run([...args, ...flags], body);
  }
  await expect.poll(() => collector.spans.length).toBeGreaterThan(20);
  await relay.stop();

  relay.outputs.set('exported', Buffer.concat(collector.bodies).toString('latin1'));
  for (const file of globSync('.tributary/**/*.{log,json,txt}', { cwd: relay.project.path })) {
    relay.outputs.set(file, readFileSync(join(relay.project.path, file), 'utf8'));
  }
  const keys = made
    .flatMap((value) => (value.startsWith('{') ? value.match(/[\w+/=]{40,}/g) : value) ?? [])
    .filter((value) => value.length >= 8);
  expect(keys.length).toBeGreaterThan(Object.keys(plantedSecrets).length + 10);
  const found: string[] = [];
  for (const [name, text] of relay.outputs) {
    if (secretMark.test(text)) found.push(`${name}: a planted secret`);
    if (keys.some((key) => text.includes(key))) found.push(`${name}: a secret`);
    if (text.includes(sequence)) found.push(`${name}: an escape sequence`);
    if (!shows.test(name) && bodyMark.test(text)) found.push(`${name}: a payload`);
  }
  expect(found).toEqual([]);

  // It has looked where something was to be found.
  expect(output('start')).toContain('unauthorized');
  expect(started.some((name) => output(name).includes('export not loaded'))).toBe(true);
  expect(output('start')).toMatch(/written \d+\/s {2}rows \d+ {2}p95 \d+ ms/);
  expect(output('serve')).toContain(
    '"logging.googleapis.com/trace":"projects/test-project/traces/',
  );
  expect(collector.received.some(({ path }) => path === '/v1/metrics')).toBe(true);
  expect(relay.outputs.size).toBeGreaterThan(30);
  if (!isTerminal) return;
  // The terminal is 80 columns wide, and its text is coloured.
  const shown = output('serve on a terminal');
  expect(shown).toContain('\u001b[');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  for (const line of shown.replace(/\u001b\[[\d;]*m/g, '').split(/\r?\n/)) {
    expect(line.length).toBeLessThanOrEqual(80);
  }
});
