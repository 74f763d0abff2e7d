import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayError } from '../../../shared/errors.ts';
import { problemIn, type Wrangler, type WranglerResult } from './wrangler.ts';

/**
 * Bundles the Worker, without Cloudflare. Returns its size, as wrangler tells it.
 *
 * @throws RelayError `wrangler.failed`
 */
export async function bundleWorker(wrangler: Wrangler): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'tributary-deploy-'));
  try {
    const result = await wrangler.run(['deploy', '--dry-run', '--outdir', outdir]);
    if (result.exitCode !== 0) {
      process.stderr.write(result.output);
      throw failed(result);
    }
    const [, size = 'done'] = /Total Upload: (.*)/.exec(result.output) ?? [];
    return size;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/**
 * Deploys the Worker, and sets secrets with it: both become live together. Returns its URLs.
 *
 * @throws RelayError `wrangler.failed`
 */
export async function deployWorker(
  wrangler: Wrangler,
  secrets: Readonly<Record<string, string>>,
): Promise<string[]> {
  // mkdtemp makes a folder of mode 0700.
  const folder = mkdtempSync(join(tmpdir(), 'tributary-deploy-'));
  const secretsFile = join(folder, 'secrets.json');
  const outputFile = join(folder, 'output.ndjson');
  const flags = Object.keys(secrets).length > 0 ? ['--secrets-file', secretsFile] : [];
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Ctrl-C ends the process at once; the secrets must not outlive it.
  process.once('exit', remove);
  const interrupted = () => process.exit(130);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
    writeFileSync(outputFile, '');
    const result = await wrangler.run(['deploy', ...flags], {
      environment: { WRANGLER_OUTPUT_FILE_PATH: outputFile },
      isShown: true,
    });
    if (result.exitCode !== 0) throw failed(result);
    return readTargets(outputFile);
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    process.off('exit', remove);
    remove();
  }
}

function failed(result: WranglerResult): RelayError {
  return new RelayError('wrangler.failed', `wrangler: ${problemIn(result)}`);
}

/** wrangler writes one JSON document a line; that of the deployment has its URLs. */
function readTargets(file: string): string[] {
  const entries = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type?: string; targets?: string[] });
  const targets = entries.find(({ type }) => type === 'deploy')?.targets ?? [];
  return targets.flatMap((target) => {
    // A route may be a pattern, or a name with a remark behind it.
    const [host = ''] = target.split(/[\s/]*[*\s]/);
    const url = URL.parse(host.includes('://') ? host : `https://${host}`);
    return url ? [url.href.replace(/\/+$/, '')] : [];
  });
}
