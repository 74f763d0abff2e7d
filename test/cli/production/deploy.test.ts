import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { planBucket, planQueue } from '../../../cli/production/cloudflare/cloudflare-plans.ts';
import { findWrangler } from '../../../cli/production/cloudflare/wrangler.ts';
import { readWranglerConfig } from '../../../cli/production/cloudflare/wrangler-config.ts';
import { deploy } from '../../../cli/production/deploy.ts';
import { keyFileIn } from '../../../cli/production/provision.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { relay as ownRelay } from '../../../tributary.config.ts';
import { CloudflareApiDouble } from '../../beds/cloudflare-api.ts';
import { itWith } from '../../e2e/tools.ts';

/** wrangler starts, bundles, and speaks to its API: seconds each on a busy machine. */
const timeout = 120_000;

const folder = fileURLToPath(new URL('../../..', import.meta.url));
const relay: Relay = { ...ownRelay, project: 'acme-prod' };
const streamSecrets = ['DATANOSTRO_SECRET', 'ABSMARTLY_KEY', 'CRM_KEY'];

let cloudflare: CloudflareApiDouble;
let state: string;
let printed: string;

beforeAll(async () => {
  cloudflare = await CloudflareApiDouble.start();
  for (const [name, value] of Object.entries(cloudflare.environment)) vi.stubEnv(name, value);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await cloudflare.stop();
});

beforeEach(() => {
  cloudflare.secrets = undefined;
  cloudflare.changes.length = 0;
  state = mkdtempSync(join(tmpdir(), 'tributary-deploy-test-'));
  printed = '';
  const keep = (text: unknown) => {
    printed += `${String(text)}\n`;
    return true;
  };
  vi.spyOn(console, 'log').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(state, { recursive: true });
});

function optionsOf(more: Partial<Parameters<typeof deploy>[1]> = {}) {
  const secrets = join(state, '.dev.vars');
  writeFileSync(secrets, streamSecrets.map((name) => `${name}=secret-${name}\n`).join(''));
  return {
    dryRun: false,
    json: false,
    probe: false,
    secrets,
    setSecrets: false,
    state,
    wait: 1,
    ...more,
  };
}

const key = JSON.stringify({
  type: 'service_account',
  private_key_id: 'id-of-the-key',
  private_key: 'secret-private-key',
  client_email: 'tributary-publisher@acme-prod.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
});

describe('tributary deploy', { timeout }, () => {
  it('--dry-run bundles, and asks nobody', async () => {
    cloudflare.isRefusing = true;
    try {
      const report = await deploy(
        { ...relay, project: 'your-project' },
        optionsOf({ dryRun: true }),
        { folder },
      );
      expect(report).toMatchObject({
        ok: true,
        worker: 'tributary',
        secrets: { missing: ['GOOGLE_SERVICE_ACCOUNT'] },
        warnings: [expect.stringContaining('your-project')],
      });
      expect(printed).toMatch(/bundle {3}[\d.]+ KiB/);
      expect(cloudflare.changes).toEqual([]);
    } finally {
      cloudflare.isRefusing = false;
    }
  });

  it('names what Cloudflare lacks, and sets nothing that it was not told to', async () => {
    const deploying = deploy(relay, optionsOf(), { folder });
    await expect(deploying).rejects.toMatchObject({
      code: 'deploy.secrets',
      message: expect.stringContaining('npx wrangler secret put DATANOSTRO_SECRET'),
    });
    await expect(deploying).rejects.toThrow('provision --rotate-key');
    expect(cloudflare.changes).toEqual([]);
  });

  it('sets the secrets with the Worker, tells none of them, and removes the key', async () => {
    writeFileSync(keyFileIn(state), key);
    const report = await deploy(relay, optionsOf({ setSecrets: true }), { folder });
    expect(report).toMatchObject({
      ok: true,
      edges: ['https://tributary.acme.workers.dev'],
      urls: {
        datanostro: 'https://tributary.acme.workers.dev/datanostro',
        crm: 'https://tributary.acme.workers.dev/crm/<CRM_KEY>',
      },
      secrets: { set: ['GOOGLE_SERVICE_ACCOUNT', ...streamSecrets], missing: [] },
    });
    expect(Object.fromEntries(cloudflare.secrets ?? [])).toEqual({
      GOOGLE_SERVICE_ACCOUNT: key,
      ...Object.fromEntries(streamSecrets.map((name) => [name, `secret-${name}`])),
    });
    expect(existsSync(keyFileIn(state))).toBe(false);
    expect(printed).not.toContain('secret-');

    const again = await deploy(relay, optionsOf(), { folder });
    expect(again.secrets.set).toEqual([]);
  });

  it('gives Cloudflare a key that was rotated', async () => {
    cloudflare.secrets = new Map(
      ['GOOGLE_SERVICE_ACCOUNT', ...streamSecrets].map((name) => [name, 'of before']),
    );
    writeFileSync(keyFileIn(state), key);
    const report = await deploy(relay, optionsOf(), { folder });
    expect(report.secrets.set).toEqual(['GOOGLE_SERVICE_ACCOUNT']);
    expect(cloudflare.secrets.get('GOOGLE_SERVICE_ACCOUNT')).toBe(key);
    expect(cloudflare.secrets.get('CRM_KEY')).toBe('of before');
    expect(existsSync(keyFileIn(state))).toBe(false);
  });

  it('never gives Cloudflare an account that the local stack made for itself', async () => {
    const options = optionsOf({ setSecrets: true });
    const local = JSON.stringify({
      type: 'service_account',
      client_email: 'tributary@x',
      private_key: 'p',
    });
    writeFileSync(options.secrets, `GOOGLE_SERVICE_ACCOUNT='${local}'\n`, { flag: 'a' });
    await expect(deploy(relay, options, { folder })).rejects.toMatchObject({
      code: 'deploy.secrets',
      message: expect.stringMatching(/^Cloudflare lacks GOOGLE_SERVICE_ACCOUNT:/),
    });
  });

  it('says how to log in', async () => {
    cloudflare.isRefusing = true;
    try {
      await expect(deploy(relay, optionsOf(), { folder })).rejects.toMatchObject({
        code: 'wrangler.login',
        message: expect.stringContaining('npx wrangler login'),
      });
    } finally {
      cloudflare.isRefusing = false;
    }
  });

  it('says what the folder lacks', async () => {
    await expect(deploy(relay, optionsOf(), { folder: state })).rejects.toMatchObject({
      code: 'wrangler.missing',
    });
    const placeholder = { ...relay, project: 'your-project' };
    await expect(deploy(placeholder, optionsOf(), { folder })).rejects.toMatchObject({
      code: 'deploy.settings',
      message: expect.stringContaining('gcloud projects list'),
    });
  });
});

/** A project of a user's own, which depends on the package. */
function makeProject(): void {
  mkdirSync(join(state, 'node_modules'));
  symlinkSync(folder, join(state, 'node_modules/tributary-relay'));
  symlinkSync(join(folder, 'node_modules/wrangler'), join(state, 'node_modules/wrangler'));
  writeFileSync(join(state, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(state, 'wrangler.toml'),
    'name = "tributary"\n[secrets]\nrequired = ["GOOGLE_SERVICE_ACCOUNT", "CRM_KEY"]\n',
  );
  writeFileSync(
    join(state, 'tributary.config.ts'),
    `import { defineRelay, segmentstream } from 'tributary-relay';
export const relay = defineRelay({
  project: 'acme-prod',
  streams: { crm: segmentstream({ table: 'crm.orders' }) },
});
`,
  );
  mkdirSync(join(state, '.tributary'));
  writeFileSync(keyFileIn(join(state, '.tributary')), key);
  writeFileSync(join(state, '.dev.vars'), 'CRM_KEY=secret-of-the-crm\n');
}

describe('at a terminal', { timeout }, () => {
  itWith(['script'], 'asks before it sets a secret; Ctrl-C there deploys nothing', async () => {
    makeProject();
    const main = join(folder, 'cli/main.ts');
    const command = `'${process.execPath}' '${main}' deploy --no-probe`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: state });
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isAsked = shown.includes('[y/N]');
      shown += text;
      if (!isAsked && shown.includes('[y/N]')) terminal.stdin.write('\u0003');
    });
    const [status] = (await once(terminal, 'close')) as [number];
    expect(shown).toContain('Cloudflare lacks CRM_KEY.');
    expect(shown).toContain('stopped: nothing was deployed');
    expect(shown).not.toContain('secret-');
    expect(status).toBe(1);
    expect(cloudflare.changes).toEqual([]);
  });
});

describe('what wrangler.toml binds', { timeout }, () => {
  it('is made once', async () => {
    const wrangler = findWrangler(folder);
    const queue = { kind: 'queue', name: 'overflow', retentionSeconds: 1_209_600 } as const;
    const bucket = { kind: 'bucket', name: 'overflow-objects' } as const;
    for (const plan of [await planQueue(wrangler, queue), await planBucket(wrangler, bucket)]) {
      if (plan.state !== 'create') throw new Error(plan.state);
      await plan.apply();
    }
    expect(cloudflare.queues.get('overflow')).toEqual({ message_retention_period: 1_209_600 });
    expect([...cloudflare.buckets]).toEqual(['overflow-objects']);
    expect(await planQueue(wrangler, queue)).toEqual({ state: 'same' });
    expect(await planBucket(wrangler, bucket)).toEqual({ state: 'same' });
    expect(await planBucket(undefined, bucket)).toMatchObject({
      state: 'conflict',
      remedy: expect.stringMatching(/^npm install --save-dev --save-exact wrangler@\d/),
    });
  });

  it('is read of the file, with what it leaves as comments', () => {
    expect(readWranglerConfig(folder)).toMatchObject({
      name: 'tributary',
      queues: [],
      buckets: [],
    });
    writeFileSync(
      join(state, 'wrangler.toml'),
      '[[queues.producers]]\nbinding = "OVERFLOW"\nqueue = "a"\n[[queues.consumers]]\nqueue = "a"\ndead_letter_queue = "b"\n[[r2_buckets]]\nbucket_name = "c"\n',
    );
    expect(readWranglerConfig(state)).toMatchObject({ queues: ['a', 'b'], buckets: ['c'] });
    writeFileSync(join(state, 'wrangler.toml'), 'name = \n');
    expect(() => readWranglerConfig(state)).toThrow(
      expect.objectContaining({ code: 'wrangler.config' }),
    );
    expect(readWranglerConfig(tmpdir())).toBeUndefined();
  });
});
