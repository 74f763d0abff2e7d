import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

interface DemoJson {
  streams: Record<
    string,
    { sent: number; accepted: number; filtered: number; rejected: number; rows: number }
  >;
  freshnessMs: { p50: number; p95: number };
  ok: boolean;
}

describe('npm run demo', { timeout: 120_000 }, () => {
  it('adds up, and prints one JSON object where that is asked for', async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      main,
      'demo',
      '--json',
    ]);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout) as DemoJson;
    expect(Object.keys(report)).toEqual(['streams', 'freshnessMs', 'ok']);
    expect(Object.keys(report.streams).sort()).toEqual(['absmartly', 'crm', 'datanostro']);
    for (const { sent, accepted, filtered, rejected, rows } of Object.values(report.streams)) {
      expect(accepted + filtered + rejected).toBe(sent);
      expect(accepted).toBeGreaterThan(0);
      expect(rejected).toBeGreaterThan(0);
      expect(rows).toBeGreaterThan(0);
    }
    const { datanostro, crm } = report.streams;
    expect(datanostro?.rows).toBe(datanostro?.accepted);
    expect(datanostro?.filtered).toBeGreaterThan(0);
    expect(crm?.rows).toBe(crm?.accepted);
    expect(report.freshnessMs.p50).toBeGreaterThan(0);
    expect(report.freshnessMs.p95).toBeGreaterThanOrEqual(report.freshnessMs.p50);
    expect(report.ok).toBe(true);
  });
});
