import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../beds/run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Without credentials for Google, except those given. */
function environmentOf(given: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  delete environment['GOOGLE_APPLICATION_CREDENTIALS'];
  delete environment['GOOGLE_CLOUD_PROJECT'];
  return { ...environment, ...given };
}

function tributary(...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'cli/main.ts'), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environmentOf(),
  });
}

describe('tributary', () => {
  it('prints its help', () => {
    const { status, stdout } = tributary('--help');
    expect(status).toBe(0);
    for (const command of [
      'check',
      'start',
      'demo',
      'send',
      'query',
      'import',
      'backfill',
      'reconcile',
    ])
      expect(stdout).toContain(command);
  });

  it('checks the config', () => {
    const { status, stdout } = tributary('check');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'tributary.config.ts: 3 streams (datanostro, absmartly, crm), 2 warnings\n',
    });
  });

  it('has the ports that the README names', () => {
    const { stdout } = tributary('start', '--help');
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const ports = [...stdout.matchAll(/default:\s+(\d+)/g)].map(([, port]) => port ?? '');
    expect(ports).toHaveLength(7);
    for (const port of ports) expect(readme).toContain(port);
  });

  it.each([
    [['start', '--port', 'http'], 'a port is a number'],
    [['start', '--port', '70000'], 'a port is a number'],
    [['start', '--allow-host', 'tributary:8085'], 'a host is a name'],
    [['start', '--allow-host', '*'], 'a host is a name'],
    [['query', 'SELECT 1', '--format', 'xml'], 'table, json, csv'],
    [['query'], 'neither a statement nor --saved'],
    [['query', 'SELECT 1', '--saved', 'recent-events'], 'a statement and --saved were both given'],
    [['query', '--saved', 'nothing'], 'conversion-rate'],
    [['query', '--saved', 'recent-events', '--param', 'hours=1'], 'recent-events takes minutes'],
    [['query', '--saved', 'recent-events', '--param', 'minutes=x'], 'must be a whole number'],
    [['query', '--saved', 'recent-events', '--stream', 'crm'], 'there is: datanostro'],
    [['stop'], "unknown command 'stop'"],
  ])('%j is refused, and the message says why', async (args, problem) => {
    const { status, err } = await runCommand(args, environmentOf());
    expect(status).toBe(2);
    expect(err).toContain(problem);
  });

  it('says how to reach a BigQuery if there is none', () => {
    const state = mkdtempSync(join(tmpdir(), 'tributary-test-'));
    const { status, stderr } = tributary('query', 'SELECT 1', '--state', state);
    rmSync(state, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toContain('npm start');
    expect(stderr).toContain('--on google');
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    [['query', 'SELECT 1']],
    [['import', 'x.csv', '--stream', 'datanostro']],
    [['backfill', 'datanostro', '--from', '2026-01-01', '--to', '2026-01-02']],
    [['reconcile', 'datanostro', '--from', '2026-01-01', '--to', '2026-01-02']],
  ])('%j --on local never uses Google instead', async (args) => {
    const state = join(tmpdir(), 'tributary-test-none');
    const there = { GOOGLE_CLOUD_PROJECT: 'production', DATANOSTRO_API_KEY: 'k' };
    const local = [...args, '--on', 'local', '--state', state];
    const { status, err } = await runCommand(local, environmentOf(there));
    expect(status).toBe(1);
    expect(err).toContain(`no local relay is running on ${state}`);
  });
});
