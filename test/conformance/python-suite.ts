import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROJECT } from '../beds/pubsub-clients.ts';
import type { SuiteReport } from './row.ts';

const steps = fileURLToPath(new URL('./python/steps.py', import.meta.url));
const packages = ['google.cloud.bigquery', 'google.cloud.bigquery_storage', 'pandas', 'pyarrow'];

interface Step {
  name: string;
  ok: boolean;
  reason: string;
}

/** The Python to use: PYTHON, else `python3`. */
const python = process.env['PYTHON'] || 'python3';

/** Why the steps can't run here. */
function obstacle(): string | undefined {
  if (!existsSync(steps)) return 'there is no test/conformance/python/steps.py';
  const { error } = spawnSync(python, ['--version']);
  if (error) return `${python} is not installed`;
  const { status } = spawnSync(python, ['-c', `import ${packages.join(', ')}`]);
  if (status === 0) return undefined;
  return `${python} lacks one of ${packages.join(', ')}: see test/conformance/python/README.md`;
}

/** What a Python client does in a day, a step each. */
export async function runPython(ports: { rest: number; grpc: number }): Promise<SuiteReport> {
  const report: SuiteReport = { suite: 'python', passed: 0, differences: [], onPurpose: [] };
  const skipped = obstacle();
  if (skipped !== undefined) return { ...report, skipped };
  const args = [steps, `http://127.0.0.1:${ports.rest}`, String(ports.grpc), PROJECT];
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const page = 'test/conformance/python/steps.py';
  for (const line of out.split('\n').filter(Boolean)) {
    const { name, ok, reason } = JSON.parse(line) as Step;
    if (ok) report.passed++;
    else report.differences.push({ name, page, reason });
  }
  if (status !== 0) {
    report.differences.push({ name: 'the steps end', page, reason: err.slice(-600) });
  }
  return report;
}
