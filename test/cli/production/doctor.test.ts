import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Subscription } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Check, CheckResult } from '../../../cli/production/doctor/check.ts';
import { checks } from '../../../cli/production/doctor/checks.ts';
import type {
  Examination,
  ExaminationOptions,
} from '../../../cli/production/doctor/examination.ts';
import { describeResult } from '../../../cli/production/doctor/print-report.ts';
import { runChecks } from '../../../cli/production/doctor/run-checks.ts';
import { type DoctorReport, examine } from '../../../cli/production/doctor.ts';
import { googleOrigins } from '../../../cli/production/google/google-apis.ts';
import { CloudflareApiDouble } from '../../beds/cloudflare-api.ts';
import { closedPort, DoctorBed } from '../../beds/doctor.ts';
import { credentialsFile, GoogleApisDouble } from '../../beds/google-apis.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const project = 'test-project';

let bed: DoctorBed;

beforeAll(async () => {
  bed = await DoctorBed.start();
}, 60_000);

afterAll(async () => {
  await bed?.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  bed.pubsubFaults.clear();
  bed.bigqueryFaults.clear();
});

interface Given extends Partial<ExaminationOptions> {
  config?: string;
  now?: () => number;
}

async function diagnose({ config = bed.config, now = Date.now, ...more }: Given = {}) {
  vi.stubEnv('TRIBUTARY_CONFIG', config);
  const options = { state: bed.state, secrets: bed.secretsFile, probe: false, wait: 10, ...more };
  return await examine(options, {}, { now });
}

function resultOf({ checks: results }: Pick<DoctorReport, 'checks'>, id: string): CheckResult {
  const result = results.find(({ check }) => check === id);
  if (!result) throw new Error(`no check ${id}`);
  return result;
}

/** All that a person reads of one result. */
function textOf(result: CheckResult): string {
  return stripVTControlCharacters(describeResult(result)).replace(/(?: \\\n|\s)\s*/g, ' ');
}

function statesOf({ checks: results }: DoctorReport): Record<string, string> {
  return Object.fromEntries(results.map(({ check, state }) => [check, state]));
}

/** What is not as it should be, by check. */
function troublesOf(report: DoctorReport): Record<string, string> {
  const bad = Object.entries(statesOf(report)).filter(([, state]) => /warning|failed/.test(state));
  return Object.fromEntries(bad);
}

describe('tributary doctor', { timeout: 60_000 }, () => {
  function doctor(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const words = ['doctor', '--state', bed.state, '--secrets', bed.secretsFile, ...args];
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(root, 'cli/main.ts'), ...words],
        { env: { ...process.env, TRIBUTARY_CONFIG: bed.config } },
        (error, stdout, stderr) => resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  it('finds all well in a local stack; its probe is a row that is known by its id', async () => {
    const { status, stdout, stderr } = await doctor('--json');
    const report = JSON.parse(stdout) as DoctorReport;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(report).toMatchObject({ ok: true, on: 'local' });
    expect(report.checks.map(({ check }) => check)).toEqual(checks.map(({ id }) => id));
    expect(troublesOf(report)).toEqual({});
    const skipped = report.checks.filter(({ state }) => state === 'skipped');
    expect(skipped.map(({ check }) => check)).toEqual(['credentials', 'project', 'edge-secrets']);
    expect(checks.length - skipped.length).toBeGreaterThan(15);

    const probe = resultOf(report, 'probe');
    expect(probe.found).toMatch(/^shop: 204 in \d+ ms, a row after \d+ ms$/);
    const bigquery = bed.bigqueryOf({ project });
    const probes = async () => {
      const query =
        "SELECT delivery_id FROM shop.events WHERE STARTS_WITH(event_id, 'tributary-probe-')";
      return (await bigquery.query(query))[0] as { delivery_id: string }[];
    };
    const [row] = await probes();
    expect(probe.command).toContain(row?.delivery_id);
    const [, statement = ''] = /query '([^']+)'/.exec(probe.command ?? '') ?? [];
    await bigquery.query(statement);
    expect(await probes()).toEqual([]);
  });

  it('prints one block a check within 80 columns, and ends with 1 after a failure', async () => {
    const port = await closedPort();
    const { status, stdout } = await doctor('--to', `http://127.0.0.1:${port}`);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ok {7}Node {19}\d+\./);
    expect(stdout).toMatch(/\nfailed {3}edge answers .* does not answer: [\s\S]*\n {9}→ .*/);
    expect(stdout).toMatch(/\n\d+ ok, 1 failed, \d+ skipped\.\n$/);
    const widths = stdout.split('\n').map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
  });

  it.each([
    ['--to', 'hooks.example.com'],
    ['--to', 'https://hooks.example.com/?key=1'],
    ['--wait', 'long'],
    ['--on', 'mars'],
  ])('refuses %s %s before it checks anything', async (...args) => {
    const { status, stdout, stderr } = await doctor(...args);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(args[0]);
  });

  it('finds nothing wrong with a keyed table, and its probe replaces no row', async () => {
    const report = await diagnose({ probe: 'billing' });
    expect(troublesOf(report)).toEqual({});
    const bigquery = bed.bigqueryOf({ project });
    const [rows] = await bigquery.query('SELECT event_id FROM billing.stripe');
    expect(rows).toEqual([{ event_id: expect.stringMatching(/^tributary-probe-/) }]);
  });
});

describe('the signed probe', { timeout: 30_000 }, () => {
  it('says that a filter drops it', async () => {
    const report = await diagnose({ probe: 'muted' });
    expect(troublesOf(report)).toEqual({ probe: 'warning' });
    expect(textOf(resultOf(report, 'probe'))).toContain(
      'the filter of the stream drops the sample',
    );
  });

  it('says that there is no row, if nobody pulls it from the topic', async () => {
    const config = await bed.writeConfig({ options: "topic: 'elsewhere'," });
    const pubsub = bed.pubsubOf({ project });
    await pubsub.createTopic('elsewhere');
    await pubsub.close();
    const port = await bed.startEdge({}, config);
    const report = await diagnose({ to: `http://127.0.0.1:${port}`, probe: 'shop', wait: 0.5 });
    expect(troublesOf(report)).toEqual({ probe: 'failed' });
    expect(textOf(resultOf(report, 'probe'))).toMatch(
      /no row in shop\.events within 0\.5 s .*npx tributary start/,
    );
  });

  it('says that the edge may not publish', async () => {
    bed.pubsubFaults.add({ name: 'iam.denied', on: 'pubsub.topics.publish' });
    const report = await diagnose({ probe: 'crm' });
    expect(troublesOf(report)).toEqual({ publish: 'failed', probe: 'failed' });
    expect(textOf(resultOf(report, 'probe'))).toContain("the edge can't publish");
  });

  it('is not sent for a stream whose secret is not here, or that is not in the config', async () => {
    const secrets = join(bed.directory, 'few.vars');
    const [account] = readFileSync(bed.secretsFile, 'utf8').split('\n');
    writeFileSync(secrets, `${account}\nCRM_KEY=${bed.secrets['CRM_KEY']}\n`);
    const report = await diagnose({ secrets, probe: 'shop' });
    expect(resultOf(report, 'probe')).toMatchObject({
      state: 'skipped',
      remedy: expect.stringContaining(secrets),
    });
    const unknown = resultOf(await diagnose({ probe: 'nobody' }), 'probe');
    expect(unknown).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('there is: shop, crm, billing, muted'),
    });
  });
});

describe('a planted misconfiguration is named:', { timeout: 30_000 }, () => {
  it('a dataset in another location than the config says', async () => {
    const report = await diagnose({
      config: await bed.writeConfig({ options: "location: 'US'," }),
    });
    expect(troublesOf(report)).toEqual({ datasets: 'failed' });
    const text = textOf(resultOf(report, 'datasets'));
    expect(text).toContain('shop: it is in EU, and the config says US');
    expect(text).toContain("set location: 'EU'");
    expect(resultOf(report, 'probe').found).toContain('"datasets, location" failed');
  });

  it('a subscription that expires, and keeps messages too short', async () => {
    const options = "subscription: 'expiring',";
    const pubsub = bed.pubsubOf({ project });
    await pubsub
      .topic('tributary')
      .createSubscription('expiring', { messageRetentionDuration: { seconds: 3600 } });
    await pubsub.close();
    const report = await diagnose({ config: await bed.writeConfig({ options }) });
    expect(troublesOf(report)).toEqual({ subscription: 'warning' });
    expect(report.ok).toBe(true);
    const text = textOf(resultOf(report, 'subscription'));
    expect(text).toContain('expires after 31 days without a subscriber → never');
    expect(text).toContain('keeps messages 3600 s → 7 days');
    expect(text).toContain('npx tributary provision');
  });

  it('a dead-letter policy, by which good deliveries would be lost', async () => {
    // The local server has no such policies.
    vi.spyOn(Subscription.prototype, 'getMetadata').mockImplementation(async () => [
      {
        topic: `projects/${project}/topics/tributary`,
        deadLetterPolicy: { deadLetterTopic: `projects/${project}/topics/bin` },
      },
    ]);
    const report = await diagnose();
    expect(troublesOf(report)).toEqual({ subscription: 'failed' });
    const result = resultOf(report, 'subscription');
    expect(result.found).toContain('dead-letter topic');
    expect(result.command).toMatch(/^gcloud pubsub .* --clear-dead-letter-policy$/);
    expect(statesOf(report)).toMatchObject({ subscribe: 'skipped', probe: 'skipped' });
  });

  it('a topic and a subscription that do not exist', async () => {
    const options = "topic: 'nowhere', subscription: 'nowhere-either',";
    const report = await diagnose({ config: await bed.writeConfig({ options }) });
    expect(troublesOf(report)).toEqual({ topic: 'failed', subscription: 'failed' });
    expect(resultOf(report, 'topic')).toMatchObject({
      found: 'it does not exist',
      command: 'npx tributary provision',
    });
    expect(resultOf(report, 'publish').found).toBe('because "topic" failed');
  });

  it('columns of another type, and a table that does not exist', async () => {
    const bigquery = bed.bigqueryOf({ project });
    const fields = [
      { name: 'event_id', type: 'INTEGER' },
      { name: 'event_time', type: 'STRING' },
    ];
    await bigquery.dataset('shop').createTable('typed', { schema: { fields } });
    const streams =
      "shop: datanostro({ table: 'shop.typed' }), crm: segmentstream({ table: 'crm.none' }),";
    const report = await diagnose({ config: await bed.writeConfig({ streams }) });
    expect(troublesOf(report)).toEqual({ tables: 'failed' });
    const text = textOf(resultOf(report, 'tables'));
    expect(text).toContain('event_id: INT64 in the table, STRING in the config');
    expect(text).toContain('event_time: STRING in the table, TIMESTAMP in the config');
    expect(text).toContain('crm.none does not exist');
    expect(resultOf(report, 'append').found).toBe('because "tables, columns" failed');
  });

  it('a table that lacks a column', async () => {
    const streams = "crm: segmentstream({ table: 'crm.orders', fields: true }),";
    const report = await diagnose({ config: await bed.writeConfig({ streams }) });
    expect(troublesOf(report)).toEqual({ tables: 'warning' });
    expect(textOf(resultOf(report, 'tables'))).toContain('adds the column fields');
  });

  it.each([
    ['publish', 'topics/tributary pubsub.topics.publish', /may not publish to tributary/],
    ['subscribe', 'pubsub.subscriptions.consume', /may not pull from tributary-bigquery/],
    ['topic', 'pubsub.topics.get', /you may not look at it/],
    ['subscription', 'pubsub.subscriptions.get', /you may not look at it/],
  ])('a missing permission of Pub/Sub (%s)', async (check, on, problem) => {
    bed.pubsubFaults.add({ name: 'iam.denied', on });
    const report = await diagnose();
    expect(troublesOf(report)).toEqual({ [check]: 'failed' });
    const result = resultOf(report, check);
    expect(result.found).toMatch(problem);
    expect(result.command).toMatch(/^gcloud .*--role=roles\/pubsub\.\w+/);
  });

  it.each([
    ['append', 'shop/tables/events:testIam', /may not append to shop\.events/],
    ['append', 'shop/tables/events/streams/_default', /may not append to shop\.events/],
    ['tables', 'GET /bigquery/v2/projects/test-project/datasets/crm/tables', /may not look at it/],
    ['datasets', 'datasets/billing', /may not look at it/],
  ])('a missing permission of BigQuery (%s, %s)', async (check, on, problem) => {
    bed.bigqueryFaults.add({ name: 'iam.denied', on });
    const report = await diagnose();
    expect(Object.keys(troublesOf(report))).toContain(check);
    const text = textOf(resultOf(report, check));
    expect(text).toMatch(problem);
    expect(text).toMatch(/roles\/bigquery\.(?:dataEditor|metadataViewer)/);
  });

  it('another secret at the edge than here', async () => {
    const port = await bed.startEdge({ SHOP_SECRET: 'of another environment' });
    const report = await diagnose({ to: `http://127.0.0.1:${port}`, probe: 'shop' });
    expect(troublesOf(report)).toEqual({ probe: 'failed' });
    const text = textOf(resultOf(report, 'probe'));
    expect(text).toContain('the edge takes another SHOP_SECRET than the one here');
    expect(text).not.toContain(bed.secrets['SHOP_SECRET']);
  });

  it('a secret that the edge lacks, and a stream that it does not know', async () => {
    const port = await bed.startEdge({ CRM_KEY: '' });
    const streams = `crm: segmentstream({ table: 'crm.orders' }), late: segmentstream({ table: 'crm.orders', secrets: ['CRM_KEY'] }),`;
    const config = await bed.writeConfig({ streams });
    const report = await diagnose({ config, to: `http://127.0.0.1:${port}` });
    expect(troublesOf(report)).toEqual({ unsigned: 'failed' });
    const text = textOf(resultOf(report, 'unsigned'));
    expect(text).toContain('crm: the edge lacks CRM_KEY');
    expect(text).toContain('late: the edge knows no such stream');
  });

  it.each([
    [180_000, 'failed', /3 min ahead of/],
    [-180_000, 'failed', /3 min behind/],
    [20_000, 'warning', /20 s ahead of|19 s ahead of|21 s ahead of/],
  ])('a clock that is wrong by %i ms', async (ms, state, found) => {
    const report = await diagnose({ now: () => Date.now() + ms });
    expect(troublesOf(report)).toEqual({ clock: state });
    expect(resultOf(report, 'clock')).toMatchObject({
      found: expect.stringMatching(found),
      command: expect.stringContaining('set-ntp'),
    });
  });

  it('an edge that does not run', async () => {
    const report = await diagnose({ state: await bed.announce({ edge: await closedPort() }) });
    expect(troublesOf(report)).toEqual({ edge: 'failed' });
    expect(resultOf(report, 'edge')).toMatchObject({
      found: expect.stringContaining('ECONNREFUSED'),
      command: 'npx tributary start',
    });
    expect(resultOf(report, 'unsigned').found).toBe('because "edge answers" failed');
  });

  it('something else that answers in the place of the edge', async () => {
    const { apiEndpoint } = bed.bigqueryOf({ project });
    const report = await diagnose({ to: apiEndpoint ?? '' });
    expect(troublesOf(report)).toEqual({ edge: 'failed' });
    expect(resultOf(report, 'edge').found).toContain('and not as a relay');
  });

  it.each(['refuses', 'never answers'])('a Pub/Sub that %s', async (how) => {
    const pubsub = how === 'refuses' ? await closedPort() : await bed.startSilence();
    const report = await diagnose({ state: await bed.announce({ pubsub }) });
    expect(troublesOf(report)).toEqual({ pubsub: 'failed' });
    expect(resultOf(report, 'pubsub').found).toMatch(/does not answer: .*(REFUSED|within 3 s)/);
    for (const id of ['clock', 'topic', 'publish', 'subscription', 'subscribe', 'probe']) {
      expect(resultOf(report, id).found).toBe('because "Pub/Sub answers" failed');
    }
    expect(statesOf(report)).toMatchObject({ tables: 'ok', append: 'ok', unsigned: 'ok' });
  });

  it('no stack that runs, although --on local says so', async () => {
    const report = await diagnose({ on: 'local', state: join(bed.directory, 'none') });
    expect(troublesOf(report)).toEqual({ place: 'failed' });
    const text = textOf(resultOf(report, 'place'));
    expect(text).toContain('no local relay is running');
    expect(text).toContain('npm start');
  });

  it('each mistake of a config', async () => {
    const streams = "shop: datanostro({ table: 'shop' }), crm: segmentstream({ table: 'orders' }),";
    const report = await diagnose({ config: await bed.writeConfig({ streams }) });
    expect(troublesOf(report)).toEqual({ config: 'failed' });
    const text = textOf(resultOf(report, 'config'));
    expect(text).toContain('streams.shop.table');
    expect(text).toContain('streams.crm.table');
    expect(statesOf(report)).toMatchObject({ node: 'ok', place: 'skipped', probe: 'skipped' });
  });

  it('receivers of alerts whose URL is missing or wrong, without showing it', async () => {
    const secrets = join(bed.directory, 'alerts.vars');
    const urls = 'ALERTS_URL=http://hidden.example.com/x\n';
    writeFileSync(secrets, `${readFileSync(bed.secretsFile, 'utf8')}\n${urls}`);
    const options = `alerts: { receivers: [
      { url: 'ALERTS_URL', format: 'generic' }, { url: 'ALERTS_TEAMS_URL', format: 'teams' },
    ] },`;
    const report = await diagnose({ config: await bed.writeConfig({ options }), secrets });
    expect(troublesOf(report)).toEqual({ alerts: 'failed' });
    const text = textOf(resultOf(report, 'alerts'));
    expect(text).toContain('ALERTS_URL must be an https URL');
    expect(text).toContain('ALERTS_TEAMS_URL is not set');
    expect(text).not.toContain('hidden');
  });

  it('secrets that are missing or in another form, without showing one', async () => {
    const secrets = join(bed.directory, 'bad.vars');
    writeFileSync(
      secrets,
      `GOOGLE_SERVICE_ACCOUNT='{"client_email":"hidden-1"}'\nSHOP_SECRET="hidden\\n2"\nBILLING_SECRET=\n`,
    );
    const report = await diagnose({ secrets });
    expect(troublesOf(report)).toEqual({ secrets: 'failed', key: 'failed' });
    const text = report.checks.map(textOf).join('');
    expect(text).toContain('SHOP_SECRET has a line break inside');
    expect(text).toContain('BILLING_SECRET is neither in the environment nor in');
    expect(text).toContain('CRM_KEY is neither in the environment nor in');
    expect(text).toContain('GOOGLE_SERVICE_ACCOUNT cannot be used: it has no private_key_id');
    expect(text).not.toContain('hidden');
  });
});

describe('at Google', { timeout: 60_000 }, () => {
  const only = (...ids: string[]) => checks.filter(({ id }) => ids.includes(id));

  function examinationOf(more: Partial<Examination> = {}): Examination {
    const state = join(bed.directory, 'none');
    const options = {
      state,
      secrets: bed.secretsFile,
      probe: false,
      wait: 10,
      on: 'google',
    } as const;
    return { options, now: Date.now, folder: root, ...more };
  }

  /** Without whatever credentials this machine has. */
  function forgetCredentials(): void {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '');
    vi.stubEnv('HOME', bed.directory);
    vi.stubEnv('APPDATA', bed.directory);
  }

  it('missing credentials are told together with other missing settings', async () => {
    forgetCredentials();
    const config = await bed.writeConfig();
    writeFileSync(config, readFileSync(config, 'utf8').replace(project, 'your-project'));
    vi.stubEnv('TRIBUTARY_CONFIG', config);
    const results = await runChecks(
      only('node', 'config', 'place', 'credentials', 'project', 'publish'),
      examinationOf(),
    );
    const result = resultOf({ checks: results }, 'credentials');
    expect(result.state).toBe('failed');
    expect(result.problems).toMatchObject([
      { problem: 'project is "your-project"' },
      {
        problem: 'there are no Google credentials',
        command: 'gcloud auth application-default login',
      },
    ]);
    expect(resultOf({ checks: results }, 'project').found).toBe('because "credentials" failed');
  });

  describe('with credentials', () => {
    let google: GoogleApisDouble;

    beforeAll(async () => {
      google = await GoogleApisDouble.start(project);
      writeFileSync(join(bed.directory, 'subject'), 'token-of-the-subject');
    });

    afterAll(async () => {
      await google.stop();
    });

    async function askGoogle(more: Partial<Examination> = {}): Promise<CheckResult[]> {
      const file = join(bed.directory, 'credentials.json');
      const subject = join(bed.directory, 'subject');
      writeFileSync(file, credentialsFile(`${google.url}/token`, subject));
      vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
      vi.stubEnv('TRIBUTARY_CONFIG', bed.config);
      const list = only('node', 'config', 'place', 'credentials', 'project');
      return await runChecks(list, examinationOf({ origins: google.origins, ...more }));
    }

    it('an API that is not enabled is named, with the line that enables it', async () => {
      for (const name of ['serviceusage', 'cloudresourcemanager', 'iam', 'pubsub', 'bigquery']) {
        google.services.set(`${name}.googleapis.com`, 'ENABLED');
      }
      const result = resultOf({ checks: await askGoogle() }, 'project');
      expect(result.state).toBe('failed');
      expect(textOf(result)).toContain(
        `gcloud services enable bigquerystorage.googleapis.com --project=${project}`,
      );
    });

    it('a project that does not exist, or that is hidden, is named', async () => {
      google.forbidden = /services/;
      const results = await askGoogle();
      google.forbidden = undefined;
      expect(resultOf({ checks: results }, 'project')).toMatchObject({
        state: 'warning',
        found: expect.stringContaining(`the project ${project} does not exist`),
        command: 'gcloud projects list',
      });
    });

    it('a network that is away is named', async () => {
      const { origins } = google;
      const away = { ...origins, serviceUsage: `http://127.0.0.1:${await closedPort()}` };
      const result = resultOf({ checks: await askGoogle({ origins: away }) }, 'project');
      expect(result.state).toBe('failed');
      expect(result.found).toContain('does not answer');
      expect(result.remedy).toContain('network');
    });

    it('a token that never comes ends the check', async () => {
      google.isTokenHanging = true;
      const result = resultOf({ checks: await askGoogle() }, 'credentials');
      google.isTokenHanging = false;
      expect(result.state).toBe('failed');
      expect(result.found).toContain('Google gives no token');
    });
  });

  describe("the publisher's key", () => {
    async function askAsPublisher(account: string): Promise<CheckResult[]> {
      const state = await bed.announce({ edge: 0 });
      writeFileSync(join(state, 'publisher-key.json'), account);
      vi.stubEnv('TRIBUTARY_CONFIG', bed.config);
      const { options } = examinationOf();
      const origins = { ...googleOrigins, pubsub: bed.pubsubOrigin };
      const list = only('node', 'config', 'place', 'key', 'publish');
      return await runChecks(list, examinationOf({ origins, options: { ...options, state } }));
    }

    it('asks by itself whether it may publish, and the line names its account', async () => {
      const account = bed.secrets['GOOGLE_SERVICE_ACCOUNT'] ?? '';
      const [found] = (await askAsPublisher(account)).slice(-1);
      expect(found).toMatchObject({ check: 'publish', state: 'ok' });
      bed.pubsubFaults.add({ name: 'iam.denied', on: 'pubsub.topics.publish' });
      const [denied] = (await askAsPublisher(account)).slice(-1);
      expect(denied).toMatchObject({
        state: 'failed',
        command: `gcloud pubsub topics add-iam-policy-binding tributary --member=serviceAccount:tributary@${project}.iam.gserviceaccount.com --role=roles/pubsub.publisher --project=${project}`,
      });
    });

    it('is named if it is of another project', async () => {
      const account = (bed.secrets['GOOGLE_SERVICE_ACCOUNT'] ?? '').replace(project, 'another');
      const result = resultOf({ checks: await askAsPublisher(account) }, 'key');
      expect(result.state).toBe('warning');
      expect(result.found).toContain('of the project another');
    });
  });

  it('secrets that Cloudflare lacks are named, and a wrangler without access is no failure', async () => {
    const cloudflare = await CloudflareApiDouble.start();
    for (const [name, value] of Object.entries(cloudflare.environment)) vi.stubEnv(name, value);
    vi.stubEnv('TRIBUTARY_CONFIG', bed.config);
    const ask = async () => {
      const list = only('node', 'config', 'place', 'edge-secrets');
      return resultOf({ checks: await runChecks(list, examinationOf()) }, 'edge-secrets');
    };
    try {
      expect(await ask()).toMatchObject({ state: 'failed', command: 'npx tributary deploy' });
      cloudflare.secrets = new Map([
        ['GOOGLE_SERVICE_ACCOUNT', ''],
        ['SHOP_SECRET', ''],
        ['CRM_KEY', ''],
      ]);
      const lacking = await ask();
      expect(lacking.state).toBe('failed');
      expect(textOf(lacking)).toContain('npx wrangler secret put BILLING_SECRET');
      expect(textOf(lacking)).not.toContain('put CRM_KEY');
      cloudflare.isRefusing = true;
      expect(await ask()).toMatchObject({ state: 'skipped', command: 'npx wrangler login' });
    } finally {
      await cloudflare.stop();
    }
  });
});

it('a Node that is too old is named', async () => {
  const old = Object.create(process, { versions: { value: { node: '22.1.0' } } });
  vi.stubGlobal('process', old);
  const list = checks.filter(({ id }) => id === 'node');
  const [result] = await runChecks(list, { now: Date.now, folder: '.' } as Examination);
  vi.unstubAllGlobals();
  expect(result).toMatchObject({ state: 'failed', found: expect.stringContaining('22.1.0') });
  expect(result?.command).toContain('npm install --save-dev node@24');
});

describe('runChecks', () => {
  const check = (id: string, needs: string[], run: Check['run']): Check => ({
    id,
    title: id.toUpperCase(),
    needs,
    withinMs: 30,
    run,
  });
  const examination = { now: Date.now, folder: '.' } as Examination;
  const fine = () => ({ state: 'ok', found: 'fine' }) as const;

  it('ends a check that hangs, and skips what needs it, directly or not', async () => {
    const results = await runChecks(
      [
        check('a', [], () => new Promise(() => {})),
        check('b', ['a'], fine),
        check('c', ['b'], fine),
        check('d', [], fine),
      ],
      examination,
    );
    expect(results).toMatchObject([
      { check: 'a', state: 'failed', found: 'no answer within 0.03 s' },
      { check: 'b', state: 'skipped', found: 'because "A" failed' },
      { check: 'c', state: 'skipped', found: 'because "A" failed' },
      { check: 'd', state: 'ok' },
    ]);
  });

  it('goes on after a warning, and after a check that has nothing to look at', async () => {
    const results = await runChecks(
      [
        check('a', [], () => ({ state: 'warning', found: 'hm' })),
        check('b', ['a'], () => ({ state: 'skipped', found: 'because it is local' })),
        check('c', ['b'], fine),
      ],
      examination,
    );
    expect(results.map(({ state }) => state)).toEqual(['warning', 'skipped', 'ok']);
  });
});
