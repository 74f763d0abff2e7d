import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PubSub } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openGoogleApis } from '../../../cli/production/google/google-apis.ts';
import { findLocalPlace, openGoogle } from '../../../cli/production/google/google-place.ts';
import { conflictsOf } from '../../../cli/production/google/pubsub-plans.ts';
import type { Result } from '../../../cli/production/plan/plan.ts';
import { desiredResources } from '../../../cli/production/plan/resources.ts';
import { type Cloud, runPlans } from '../../../cli/production/plan/run-plans.ts';
import { keyFileIn } from '../../../cli/production/provision.ts';
import { connectPubsub } from '../../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import type { RelayOptions } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { stripe } from '../../../shared/sources/presets.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { type BigQueryBed, PROJECT, queryRows, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { credentialsFile, GoogleApisDouble } from '../../beds/google-apis.ts';

let bigqueryServer: BigQueryBed;
let pubsubServer: PubsubServer;
let pubsub: PubSub;
let directory: string;
let google: GoogleApisDouble;
/** Each test has resources of its own. */
let n = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tributary-provision-'));
  [bigqueryServer, pubsubServer] = await Promise.all([
    startBigQueryBed(),
    startPubsub({ port: 0, directory: join(directory, 'pubsub') }),
  ]);
  pubsub = connectPubsub(PROJECT, pubsubServer.port);
});

afterAll(async () => {
  await pubsub.close();
  await Promise.all([bigqueryServer.stop(), pubsubServer.stop()]);
  rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  n++;
  google = await GoogleApisDouble.start(PROJECT);
});

afterEach(async () => {
  await google.stop();
});

function relayOf(more: Partial<RelayOptions> = {}) {
  return defineRelay({
    project: PROJECT,
    topic: `relay-${n}`,
    subscription: `relay-${n}-bigquery`,
    deadLetters: `relay_${n}.dead_letters`,
    streams: {
      billing: stripe({ table: `billing_${n}.stripe` }),
      crm: segmentstream({ table: `crm_${n}.orders` }),
    },
    ...more,
  });
}

const nothingBound = { queues: [], buckets: [] };

function cloudOf(isGoogle: boolean): Cloud {
  const authorized = async () => new Headers({ authorization: 'Bearer token-of-the-tests' });
  return {
    project: PROJECT,
    pubsub,
    bigquery: bigqueryServer.bigquery,
    keyFile: keyFileIn(join(directory, `state-${n}`)),
    isRotatingKey: false,
    ...(isGoogle && { google: openGoogleApis(authorized, google.origins) }),
  };
}

async function provision(
  relay = relayOf(),
  { isGoogle = true, dryRun = false, more = {} as Partial<Cloud> } = {},
): Promise<Result[]> {
  const cloud = { ...cloudOf(isGoogle), ...more };
  return await runPlans(desiredResources(relay, nothingBound), cloud, { dryRun });
}

function statesOf(results: readonly Result[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of results) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function find(results: readonly Result[], kind: string, name = ''): Result | undefined {
  return results.find((result) => result.kind === kind && result.name.includes(name));
}

describe('the local servers', () => {
  it('get everything but accounts and APIs, and a second run changes nothing', async () => {
    const first = await provision(relayOf(), { isGoogle: false });
    const made = first.filter(({ state }) => state === 'created').map(({ kind }) => kind);
    const skipped = first.filter(({ state }) => state === 'skipped').map(({ kind }) => kind);
    expect(new Set(made)).toEqual(new Set(['topic', 'subscription', 'dataset', 'table', 'view']));
    expect(new Set(skipped)).toEqual(new Set(['api', 'service-account', 'role', 'key']));
    expect(made.length + skipped.length).toBe(first.length);

    const second = await provision(relayOf(), { isGoogle: false });
    expect(statesOf(second)).toEqual({ unchanged: made.length, skipped: skipped.length });
  });

  it('get tables that take the rows, in datasets of the location', async () => {
    await provision(relayOf({ location: 'US' }), { isGoogle: false });
    const [metadata] = await bigqueryServer.bigquery.dataset(`billing_${n}`).getMetadata();
    expect(metadata.location).toBe('US');
    const rows = await queryRows(bigqueryServer, `SELECT * FROM billing_${n}.stripe_unique`);
    expect(rows).toEqual([]);
  });

  it('are found by the variables of the emulators, both or none', () => {
    process.env['PUBSUB_EMULATOR_HOST'] = '127.0.0.1:8085';
    try {
      expect(findLocalPlace(relayOf(), { state: directory })?.title).toContain('127.0.0.1:8085');
      expect(() => findLocalPlace(relayOf(), { state: directory, on: 'google' })).toThrow(
        expect.objectContaining({ code: 'provision.settings' }),
      );
      const bigquery = process.env['BIGQUERY_EMULATOR_HOST'];
      delete process.env['BIGQUERY_EMULATOR_HOST'];
      expect(() => findLocalPlace(relayOf(), { state: directory })).toThrow(
        expect.objectContaining({ message: expect.stringContaining('BIGQUERY_EMULATOR_HOST') }),
      );
      process.env['BIGQUERY_EMULATOR_HOST'] = bigquery;
    } finally {
      delete process.env['PUBSUB_EMULATOR_HOST'];
    }
  });
});

describe('what is there already', () => {
  it('a subscription that would lose messages is given the settings', async () => {
    const { topic, subscription } = relayOf();
    await pubsub.createTopic(topic);
    await pubsub.createSubscription(topic, subscription, {
      ackDeadlineSeconds: 10,
      expirationPolicy: { ttl: { seconds: 86_400 * 2 } },
      messageRetentionDuration: { seconds: 3600 },
    });
    const dry = find(await provision(relayOf(), { dryRun: true }), 'subscription');
    expect(dry?.state).toBe('would update');
    expect(dry?.details).toHaveLength(4);
    expect(dry?.details.join()).toContain('2 days without a subscriber → never');

    expect(find(await provision(), 'subscription')?.state).toBe('updated');
    const [metadata] = await pubsub.subscription(subscription).getMetadata();
    expect(metadata.ackDeadlineSeconds).toBe(60);
    expect(Number(metadata.expirationPolicy?.ttl?.seconds ?? 0)).toBe(0);
    expect(Number((metadata.messageRetentionDuration as { seconds: unknown }).seconds)).toBe(
      604_800,
    );
    expect(Number(metadata.retryPolicy?.maximumBackoff?.seconds)).toBe(600);
    expect(find(await provision(), 'subscription')?.state).toBe('unchanged');
  });

  // The local Pub/Sub makes no such subscriptions.
  it.each([
    ['a filter', { filter: 'attributes.stream = "billing"' }, 'name another `subscription`'],
    ['a push endpoint', { pushConfig: { pushEndpoint: 'https://example.com' } }, 'modify-push'],
    ['BigQuery', { bigqueryConfig: { table: 'p.d.t' } }, 'name another `subscription`'],
    ['no topic', { topic: '_deleted-topic_' }, 'name another `subscription`'],
    [
      'a dead-letter topic',
      { deadLetterPolicy: { deadLetterTopic: 'projects/p/topics/dead' } },
      '--clear-dead-letter-policy',
    ],
  ])('a subscription with %s is named, with the remedy', (_, settings, remedy) => {
    const its = { name: 'sub', topic: 'relay', project: PROJECT };
    const metadata = { topic: `projects/${PROJECT}/topics/relay`, ...settings };
    expect(conflictsOf(metadata, its).problems).toHaveLength(1);
    expect(conflictsOf(metadata, its).remedy).toContain(remedy);
    expect(conflictsOf({ topic: metadata.topic.replace(/.*_$/, 'relay') }, its).problems).toEqual(
      [],
    );
  });

  it('a subscription of another topic is named, and what needs it is not tried', async () => {
    await pubsub.createTopic(`other-${n}`);
    await pubsub.createSubscription(`other-${n}`, relayOf().subscription, {});
    const results = await provision();
    expect(find(results, 'subscription')?.details.join()).toContain(`other-${n}`);
    expect(find(results, 'role', 'pubsub.subscriber')).toMatchObject({
      state: 'skipped',
      details: [expect.stringContaining('needs subscription')],
    });
    // All else is made.
    expect(find(results, 'role', 'pubsub.publisher')?.state).toBe('created');
  });

  it('a table with other types fails with the column, and so does a dataset elsewhere', async () => {
    const { bigquery } = bigqueryServer;
    await bigquery.createDataset(`crm_${n}`, { location: 'EU' });
    await bigquery
      .dataset(`crm_${n}`)
      .table('orders')
      .create({
        schema: { fields: [{ name: 'hit_id', type: 'INTEGER' }] },
        timePartitioning: { type: 'DAY' },
      });
    await bigquery.createDataset(`billing_${n}`, { location: 'US' });
    const results = await provision();
    const table = find(results, 'table', `crm_${n}.orders`);
    expect(table?.state).toBe('failed');
    expect(table?.details.join()).toContain('hit_id: INT64 in the table, STRING in the config');
    const dataset = find(results, 'dataset', `billing_${n}`);
    expect(dataset?.state).toBe('failed');
    expect(dataset?.remedy).toContain("location: 'US'");
    expect(find(results, 'table', `billing_${n}.stripe`)?.state).toBe('skipped');
  });

  it('a table gets the columns that it lacks', async () => {
    await provision();
    const more = relayOf({
      streams: {
        billing: stripe({
          table: `billing_${n}.stripe`,
          moreColumns: { amount: { type: 'NUMERIC', from: '$.data.object.amount' } },
        }),
      },
    });
    const table = find(await provision(more), 'table', 'stripe');
    expect(table).toMatchObject({ state: 'updated', details: ['adds the column amount'] });
    expect(find(await provision(more), 'table', 'stripe')?.state).toBe('unchanged');
  });

  it('--dry-run changes nothing', async () => {
    const results = await provision(relayOf(), { dryRun: true });
    expect(new Set(results.map(({ state }) => state))).toEqual(
      new Set(['would create', 'would update']),
    );
    expect(google.changes).toEqual([]);
    const [topics] = await pubsub.getTopics();
    expect(topics.map(({ name }) => name.split('/').at(-1))).not.toContain(`relay-${n}`);
  });
});

describe('accounts', () => {
  const publisher = () => `relay-${n}-publisher@${PROJECT}.iam.gserviceaccount.com`;
  const subscriber = () => `relay-${n}-subscriber@${PROJECT}.iam.gserviceaccount.com`;

  it('are made with the least roles and one key; the second run changes nothing', async () => {
    google.invisibleFor = 1;
    google.disabledFor = 1;
    google.conflicts = 1;
    const relay = relayOf();
    const first = await provision(relay);
    expect(first.filter(({ state }) => state !== 'created' && state !== 'updated')).toEqual([]);

    const roles = [...google.policies].flatMap(([resource, { bindings }]) =>
      bindings.flatMap(({ role, members }) => members.map((member) => [resource, role, member])),
    );
    const topic = `projects/${PROJECT}/topics/${relay.topic}`;
    const subscription = `projects/${PROJECT}/subscriptions/${relay.subscription}`;
    expect(roles.filter(([, , member]) => member !== 'user:other')).toEqual([
      [topic, 'roles/pubsub.publisher', `serviceAccount:${publisher()}`],
      [subscription, 'roles/pubsub.subscriber', `serviceAccount:${subscriber()}`],
      [subscription, 'roles/pubsub.viewer', `serviceAccount:${subscriber()}`],
      [`projects/${PROJECT}`, 'roles/bigquery.jobUser', `serviceAccount:${subscriber()}`],
    ]);
    // What another gave meanwhile is still there.
    expect(google.membersOf(topic, 'roles/viewer')).toEqual(['user:other']);
    const [dataset] = await bigqueryServer.bigquery.dataset(`crm_${n}`).getMetadata();
    expect(dataset.access).toEqual([
      { role: 'roles/bigquery.dataEditor', userByEmail: subscriber() },
    ]);

    const { keyFile } = cloudOf(true);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const key = JSON.parse(readFileSync(keyFile, 'utf8')) as Record<string, string>;
    expect(key).toMatchObject({ type: 'service_account', client_email: publisher() });
    // What is reported may be shown to anyone.
    expect(JSON.stringify(first)).not.toContain('PRIVATE KEY');

    const before = google.changes.length;
    const second = await provision(relay);
    expect(statesOf(second)).toEqual({ unchanged: first.length });
    expect(google.changes).toHaveLength(before);

    // Once `deploy` has given it to Cloudflare, the file is gone, and no other key is made.
    rmSync(keyFile);
    expect(find(await provision(relay), 'key')?.state).toBe('unchanged');
    const rotated = await provision(relay, { more: { isRotatingKey: true } });
    expect(find(rotated, 'key')?.state).toBe('created');
    expect(google.keys.get(publisher())).toHaveLength(2);
  });

  it('a missing permission fails by itself, with the role that it needs', async () => {
    google.forbidden = /serviceAccounts\/relay-\d+-subscriber|services\/pubsub/;
    const results = await provision();
    const failed = results.filter(({ state }) => state === 'failed');
    expect(failed.map(({ kind }) => kind)).toEqual(['api', 'service-account']);
    expect(failed[1]?.remedy).toContain('--role=roles/iam.serviceAccountAdmin');
    expect(failed[0]?.remedy).toContain('--role=roles/serviceusage.serviceUsageAdmin');
    expect(find(results, 'key')?.state).toBe('created');
    expect(find(results, 'role', 'jobUser')?.state).toBe('skipped');
  });

  it('a policy of the organization that forbids keys is named', async () => {
    google.keysForbidden = true;
    const key = find(await provision(), 'key');
    expect(key?.state).toBe('failed');
    expect(key?.remedy).toContain('iam.disableServiceAccountKeyCreation');
  });

  it('the key of another account is not replaced', async () => {
    const { keyFile } = cloudOf(true);
    mkdirSync(dirname(keyFile));
    const another = JSON.stringify({ private_key_id: 'i', client_email: 'another@x' });
    writeFileSync(keyFile, another);
    const key = find(await provision(), 'key');
    expect(key?.state).toBe('failed');
    expect(key?.details.join()).toContain('another@x');
    expect(readFileSync(keyFile, 'utf8')).toBe(another);
  });

  it('can be stopped at any step, and goes on from there', async () => {
    const stop = new AbortController();
    const resources = desiredResources(relayOf(), nothingBound);
    const stopped = await runPlans(resources, cloudOf(true), {
      dryRun: false,
      signal: stop.signal,
      onResult: ({ kind }) => kind === 'topic' && stop.abort(),
    });
    const at = stopped.findIndex(({ kind }) => kind === 'topic');
    expect(stopped[at]?.state).toBe('created');
    expect(new Set(stopped.slice(at + 1).map(({ state }) => state))).toEqual(new Set(['skipped']));
    const again = await provision();
    expect(again.slice(0, at + 1).map(({ state }) => state)).toEqual(
      stopped.slice(0, at + 1).map(() => 'unchanged'),
    );
    expect(again.filter(({ state }) => state === 'skipped' || state === 'failed')).toEqual([]);
  });

  it('the bucket that exports are read from may be read', async () => {
    const exports = absmartly({
      table: `exports_${n}.all`,
      storage: { kind: 'gcs', bucket: `exports-${n}` },
    });
    await provision(relayOf({ streams: { exports } }));
    expect(google.membersOf(`b/exports-${n}`, 'roles/storage.objectViewer')).toEqual([
      `serviceAccount:${subscriber()}`,
    ]);
  });

  it('stops when Google no longer answers, and goes on from there', async () => {
    const relay = relayOf();
    const origins = { ...google.origins, iam: 'http://127.0.0.1:9' };
    const authorized = async () => new Headers();
    const results = await provision(relay, {
      more: { google: openGoogleApis(authorized, origins) },
    });
    const at = results.findIndex(({ state }) => state === 'failed');
    expect(results[at]?.kind).toBe('service-account');
    expect(new Set(results.slice(at + 1).map(({ state }) => state))).toEqual(new Set(['skipped']));
    const again = await provision(relay);
    expect(again.filter(({ state }) => state === 'failed' || state === 'skipped')).toEqual([]);
  });
});

describe('who runs it', () => {
  const variable = 'GOOGLE_APPLICATION_CREDENTIALS';

  function useCredentials(tokenUrl: string) {
    const subject = join(directory, 'subject-token');
    const file = join(directory, 'credentials.json');
    writeFileSync(subject, 'a-token');
    writeFileSync(file, credentialsFile(tokenUrl, subject));
    process.env[variable] = file;
  }

  afterEach(() => {
    delete process.env[variable];
  });

  it('has no credentials: told at once with everything else that is missing', async () => {
    process.env[variable] = join(directory, 'nowhere.json');
    const opening = openGoogle(relayOf(), ['project is "your-project"'], google.origins);
    await expect(opening).rejects.toMatchObject({
      code: 'provision.settings',
      message: expect.stringMatching(/your-project"\n.*gcloud auth application-default login/),
    });
  });

  it('has no network, or one that hangs', async () => {
    useCredentials('http://127.0.0.1:9/token');
    await expect(openGoogle(relayOf(), [], google.origins)).rejects.toMatchObject({
      code: 'google.unreachable',
    });
    google.isTokenHanging = true;
    useCredentials(`${google.url}/token`);
    await expect(openGoogle(relayOf(), [], google.origins)).rejects.toMatchObject({
      code: 'google.unreachable',
      message: expect.stringContaining('no answer within'),
    });
  });

  it('names a project that is not there, or is not theirs', async () => {
    useCredentials(`${google.url}/token`);
    const relay = relayOf({ project: 'someone-elses' });
    await expect(openGoogle(relay, [], google.origins)).rejects.toMatchObject({
      code: 'google.project',
      message: expect.stringContaining('someone-elses'),
    });
    const place = await openGoogle(relayOf(), [], google.origins);
    expect(place.title).toContain(PROJECT);
    await place.pubsub.close();
  });
});
