import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unstable_readConfig } from 'wrangler';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Bundle {
  source: string;
  compatibilityDate: string;
}

/** The Worker as `wrangler deploy` would upload it. */
export async function bundleWorker(): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const wrangler = join(root, 'node_modules/.bin/wrangler');
  try {
    await promisify(execFile)(wrangler, ['deploy', '--dry-run', '--outdir', directory], {
      cwd: root,
      env: { ...process.env, ...quiet },
    });
    const { compatibility_date } = unstable_readConfig({ config: join(root, 'wrangler.toml') });
    return {
      source: await readFile(join(directory, 'main.js'), 'utf8'),
      compatibilityDate: compatibility_date ?? '',
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const quiet = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};
