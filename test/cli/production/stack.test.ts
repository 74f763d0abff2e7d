import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canBeProbed, type Probe, probeEdge } from '../../../cli/production/probe.ts';
import { relay } from '../../../tributary.config.ts';
import { Home, RelayProcess } from '../../beds/relay-process.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

let home: Home;
let stack: RelayProcess;

beforeAll(async () => {
  home = new Home();
  stack = await RelayProcess.start(home);
}, 120_000);

afterAll(async () => {
  await stack.killGroup().catch(() => {});
  home.remove();
});

/** As a person would; without what this machine may know of Google. */
async function tributary(...args: string[]) {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    if (/^GOOGLE_|_EMULATOR_HOST$/.test(name)) delete environment[name];
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], {
      env: environment,
    });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const {
      code: status,
      stdout,
      stderr,
    } = error as { code: number; stdout: string; stderr: string };
    return { status, stdout, stderr };
  }
}

interface Report {
  ok: boolean;
  place: string;
  changed: number;
  resources: { kind: string; name: string; state: string }[];
}

describe('against the stack that runs here', { timeout: 120_000 }, () => {
  it('provision finds what the subscriber has made, and a second run changes nothing', async () => {
    const first = await tributary('provision', '--state', home.state, '--json');
    const report = JSON.parse(first.stdout) as Report;
    expect({ status: first.status, ok: report.ok, place: report.place }).toEqual({
      status: 0,
      ok: true,
      place: 'local',
    });
    // The subscriber leaves datasets of exports to their load jobs.
    const made = report.resources.filter(({ state }) => state === 'created');
    expect(made.map(({ kind }) => kind)).toEqual(made.map(() => 'dataset'));

    const second = await tributary('provision', '--state', home.state);
    expect(second.status).toBe(0);
    expect(second.stdout).toContain('Nothing to change: all is as the config says.');
    expect(second.stdout).toContain('for Google: --on google');
  });

  it('a probe becomes a row, with its latency', async () => {
    const secrets = home.secrets;
    const probed = [...relay.streams.values()].filter((stream) => canBeProbed(stream, secrets));
    expect(probed.map(({ name }) => name)).toEqual(['datanostro', 'crm']);
    for (const stream of probed) {
      const secret = secrets[stream.secrets[0] ?? ''] ?? '';
      const probe: Probe = {
        relay,
        stream,
        edge: stack.edge,
        secret,
        bigquery: stack.bigquery,
        rowWithinMs: 30_000,
      };
      const result = await probeEdge(probe);
      expect(result).toMatchObject({ outcome: 'row', status: 204 });
      expect(result.rowMs).toBeGreaterThanOrEqual(result.answerMs ?? Number.POSITIVE_INFINITY);

      const forged = await probeEdge({ ...probe, secret: 'of-another' });
      expect(forged).toMatchObject({ outcome: 'refused', status: 401 });
      expect(forged.problem).toContain(`npx wrangler secret put ${stream.secrets[0]}`);
      expect(JSON.stringify([result, forged])).not.toContain(secret);
    }
    const [stream] = probed;
    if (!stream) throw new Error('no stream');
    const nobody = await probeEdge({
      relay,
      stream,
      edge: 'http://127.0.0.1:9',
      secret: 's',
      rowWithinMs: 1,
    });
    expect(nobody.outcome).toBe('unreachable');
  });
});

describe('without a stack', () => {
  it.each([
    [['provision', '--on', 'google'], 'gcloud auth application-default login'],
    [['provision', '--on', 'local', '--state', '/nowhere'], 'npm start'],
  ])('%j says what is missing', async (args, remedy) => {
    const { status, stdout, stderr } = await tributary(...args);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(remedy);
    expect(stderr).not.toContain('    at ');
  });

  it('a plan can be printed all the same, as command lines and for Terraform', async () => {
    const dry = await tributary('provision', '--on', 'google', '--dry-run', '--json');
    const report = JSON.parse(dry.stdout) as Report & { commands: string[] };
    expect({ status: dry.status, ok: report.ok, place: report.place }).toEqual({
      status: 0,
      ok: true,
      place: 'unknown',
    });
    expect(report.commands[0]).toMatch(/^gcloud services enable /);
    const terraform = await tributary('provision', '--terraform');
    expect(JSON.parse(terraform.stdout)).toMatchObject({ topic: 'tributary' });
  });
});
