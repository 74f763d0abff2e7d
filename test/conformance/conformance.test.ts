import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type BigQuerySuite, runBigQuerySuite } from './bigquery-suites.ts';
import { BigQueryTarget } from './bigquery-target.ts';
import { runRows } from './row.ts';
import { startLocalBigQuery } from './targets.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const suites: BigQuerySuite[] = ['bigquery-rest', 'storage-write', 'storage-read'];

describe('the local BigQuery does what Google documents', () => {
  it.each(suites)('%s', { timeout: 240_000 }, async (suite) => {
    const server = await startLocalBigQuery();
    const report = await runBigQuerySuite(suite, new BigQueryTarget(server.given), 'local');
    await server.stop();
    expect(report.differences).toEqual([]);
    expect(report.passed).toBeGreaterThan(10);
  });
});

describe('a row', () => {
  const passes = async () => {};
  const fails = async () => expect(1).toBe(2);
  const area = { page: 'https://cloud.google.com', rows: { passes, fails } };

  it('that fails is a difference with its reason, and no pass', async () => {
    const { passed, differences, onPurpose } = await runRows('s', [area], undefined);
    expect(passed).toBe(1);
    expect(differences).toMatchObject([{ name: 'fails', page: area.page }]);
    expect(differences[0]?.reason).toContain('expected 1 to be 2');
    expect(onPurpose).toEqual([]);
  });

  it('that differs on purpose is neither, and a difference once it passes', async () => {
    const known = { fails: 'why', passes: 'no longer' };
    const { passed, differences, onPurpose } = await runRows('s', [area], undefined, known);
    expect(passed).toBe(0);
    expect(onPurpose).toEqual([{ name: 'fails', page: area.page, reason: 'why' }]);
    expect(differences).toMatchObject([{ name: 'passes' }]);
    await expect(runRows('s', [area], undefined, { none: 'why' })).rejects.toThrow('"none"');
  });
});

describe('npm run conformance', () => {
  function conformance(args: string[], target = '') {
    const env = { ...process.env, TRIBUTARY_CONFORMANCE_TARGET: target };
    return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env });
  }

  it.each([
    [['nothing'], '', 'there is no suite nothing'],
    [['--on', 'mars'], '', '--on takes'],
    [['--verbose'], '', '--verbose'],
    [['pubsub', '--on', 'google'], '', 'unless TRIBUTARY_CONFORMANCE_TARGET names a project'],
    [['pubsub'], 'a-project', '--on google is not'],
  ])('refuses %j', { timeout: 60_000 }, (args, target, problem) => {
    const { status, stdout, stderr } = conformance(args, target);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('    at ');
  });

  it('prints one document', { timeout: 120_000 }, () => {
    const { stdout } = conformance(['storage-read', '--on', 'emulator', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      target: 'emulator',
      suites: [{ suite: 'storage-read', passed: 0, skipped: expect.any(String) }],
    });
  });
});
