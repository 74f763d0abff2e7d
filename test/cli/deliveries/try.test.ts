import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeSecrets, type Secrets } from '../../../local/secrets.ts';
import { signDelivery } from '../../../local/testing/main.ts';
import { relay } from '../../../tributary.config.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'tributary-test-'));
const secretsFile = join(home, '.dev.vars');
let secrets: Secrets;

beforeAll(() => {
  secrets = completeSecrets(secretsFile, relay).secrets;
});

afterAll(() => rmSync(home, { recursive: true }));

function tryIt(args: string[], input = '') {
  const flags = ['try', ...args, '--secrets', secretsFile];
  return spawnSync(process.execPath, [main, ...flags], { encoding: 'utf8', input });
}

describe('tributary try', { timeout: 60_000 }, () => {
  it('prints the row of a signed delivery, and exits with 0', async () => {
    const delivery = await signDelivery(relay, 'datanostro', {}, { secrets });
    const file = join(home, 'event.json');
    writeFileSync(file, delivery.body);
    const header = `X-DN-Signature: ${delivery.headers['x-dn-signature']}`;
    const { status, stdout } = tryIt(['datanostro', file, '--header', header]);
    expect(stdout).toContain('datanostro: accepted (204)\nsignature: matches DATANOSTRO_SECRET\n');
    expect(stdout).toContain('event 1 "purchase": a row of datanostro_events.events\n');
    expect(stdout).toMatch(/^ {2}event_name +purchase$/m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(status).toBe(0);
  });

  it('prints JSON, at the time that it is given', () => {
    const body = '{"id":"evt_1","event_name":"purchase","created_at":"never"}';
    const at = ['--at', '2026-11-28T08:00:00Z'];
    const { status, stdout } = tryIt(['datanostro', '-', '--unsigned', '--json', ...at], body);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      outcome: 'accepted',
      signature: 'skipped',
      events: [
        {
          becomes: 'row',
          row: { event_id: 'evt_1', event_time: null, received_at: '2026-11-28T08:00:00Z' },
          notes: [{ column: 'event_time' }],
        },
      ],
    });
    expect(status).toBe(0);
  });

  it('says why a delivery becomes no row, and exits with 1', () => {
    const body = '{"id":"evt_1","event_name":"page_view"}';
    const unsigned = tryIt(['datanostro', '-'], body);
    expect(unsigned.status).toBe(1);
    expect(unsigned.stdout).toContain('datanostro: unauthorized (401)');
    expect(unsigned.stdout).toContain('hint: ');
    const filtered = tryIt(['datanostro', '-', '--unsigned'], body);
    expect(filtered.status).toBe(1);
    expect(filtered.stdout).toContain('datanostro: filtered (204)');
    expect(filtered.stdout).toContain(
      '  fails filter.event "^(purchase|begin_checkout|add_to_cart)$"',
    );
  });

  it('takes a key in the path as right, and does not print it', () => {
    const { status, stdout } = tryIt(
      ['crm', '-', '--query', 'shop=1'],
      `key=${secrets['CRM_KEY']}`,
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}payload +key=\[redacted\]$/m);
    expect(stdout).not.toContain(secrets['CRM_KEY']);
  });

  it.each([
    [['nowhere', '-'], 'stream.unknown'],
    [['datanostro', '/no/such/file'], "/no/such/file can't be read"],
    [['datanostro'], "missing required argument 'file'"],
    [['datanostro', '-', '--header', 'x'], 'delivery.header'],
    [['datanostro', '-', '--at', 'noon'], 'a time looks like'],
    [['datanostro', '-', '--method', 'PUT'], 'GET, HEAD, OPTIONS, POST'],
  ])('%j is refused, and the message says why', (args, problem) => {
    const { status, stdout, stderr } = tryIt(args);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
