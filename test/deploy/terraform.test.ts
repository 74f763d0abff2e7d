import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { desiredResources, type Resource } from '../../cli/production/plan/resources.ts';
import { terraformVariables } from '../../cli/production/plan/terraform-variables.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { subscriptionSettings } from '../../subscriber/pull/subscription.ts';

const folder = fileURLToPath(new URL('../../deploy/terraform/', import.meta.url));

/** A relay with everything that a config can ask for. */
const relay = defineRelay({
  project: 'acme-prod',
  streams: {
    events: datanostro({ table: 'shop.events', key: ['event_id'] }),
    exports: absmartly({ table: 'ab.exports', storage: { kind: 'gcs', bucket: 'acme-exports' } }),
  },
});
const desired = desiredResources(relay, { queues: ['overflow'], buckets: ['objects'] });
const variables = terraformVariables(desired, relay);

interface Block {
  cloud: string;
  type: string;
  name: string;
  body: string;
}

/** The `resource` blocks of a folder of .tf files, as `terraform fmt` lays them out. */
function blocksOf(cloud: string): Block[] {
  const files = readdirSync(join(folder, cloud)).filter((name) => name.endsWith('.tf'));
  const text = files.map((name) => readFileSync(join(folder, cloud, name), 'utf8')).join('\n');
  const blocks = text.matchAll(/^resource "(\w+)" "(\w+)" \{\n([\s\S]*?)^\}/gm);
  return [...blocks].map(([, type = '', name = '', body = '']) => ({ cloud, type, name, body }));
}

const blocks = [...blocksOf('google'), ...blocksOf('cloudflare')];

function attribute(block: Block | undefined, name: string): string | undefined {
  return new RegExp(`^\\s*${name}\\s*=\\s*"([^"]*)"`, 'm').exec(block?.body ?? '')?.[1];
}

/** Where Terraform has a resource of `provision`: type and name, and the role where it is one. */
function addressOf(resource: Resource): string {
  switch (resource.kind) {
    case 'api':
      return 'google_project_service.api';
    case 'topic':
      return 'google_pubsub_topic.relay';
    case 'subscription':
      return 'google_pubsub_subscription.relay';
    case 'dataset':
      return 'google_bigquery_dataset.relay';
    case 'table':
    case 'view':
      return `google_bigquery_table.${resource.kind}`;
    case 'service-account':
      return `google_service_account.${resource.name.split('-').at(-1)}`;
    case 'role': {
      const types = {
        topic: 'google_pubsub_topic_iam_member',
        subscription: 'google_pubsub_subscription_iam_member',
        dataset: 'google_bigquery_dataset_iam_member',
        project: 'google_project_iam_member',
        'gcs-bucket': 'google_storage_bucket_iam_member',
      };
      return `${types[resource.on]} ${resource.name} ${resource.account.split('-').at(-1)}`;
    }
    // Terraform would keep it in its state.
    case 'key':
      return '';
    case 'queue':
      return 'cloudflare_queue.relay';
    case 'bucket':
      return 'cloudflare_r2_bucket.relay';
  }
}

function addressOfBlock(block: Block): string {
  const { type, name, body } = block;
  if (!type.endsWith('_iam_member')) return `${type}.${name}`;
  const [, account = ''] = /google_service_account\.(\w+)\.member/.exec(body) ?? [];
  return `${type} ${attribute(block, 'role')} ${account}`;
}

describe('Terraform', () => {
  it('describes what provision makes, and nothing else', () => {
    const wanted = new Set(desired.map(addressOf).filter((address) => address !== ''));
    expect(blocks.map(addressOfBlock).sort()).toEqual([...wanted].sort());
  });

  it('enables the same APIs', () => {
    const block = blocks.find(({ type }) => type === 'google_project_service');
    const listed = [...(block?.body.matchAll(/"([\w.]+\.googleapis\.com)"/g) ?? [])];
    const apis = desired.filter(({ kind }) => kind === 'api').map(({ name }) => name);
    expect(listed.map(([, name]) => name)).toEqual(apis);
  });

  it('makes the subscription with the same settings', () => {
    const block = blocks.find(({ type }) => type === 'google_pubsub_subscription');
    const { ackDeadlineSeconds, messageRetentionDuration, retryPolicy } = subscriptionSettings;
    expect(block?.body).toContain(`ack_deadline_seconds       = ${ackDeadlineSeconds}\n`);
    expect(attribute(block, 'message_retention_duration')).toBe(
      `${messageRetentionDuration.seconds}s`,
    );
    expect(attribute(block, 'ttl')).toBe('');
    expect(attribute(block, 'minimum_backoff')).toBe(`${retryPolicy.minimumBackoff.seconds}s`);
    expect(attribute(block, 'maximum_backoff')).toBe(`${retryPolicy.maximumBackoff.seconds}s`);
  });

  it('takes its names, tables and views from the config', () => {
    const namesOf = (kind: Resource['kind']) =>
      desired.filter((resource) => resource.kind === kind).map(({ name }) => name);
    expect(variables.datasets).toEqual(namesOf('dataset'));
    expect(Object.keys(variables.tables)).toEqual(namesOf('table'));
    expect(Object.keys(variables.views)).toEqual(namesOf('view'));
    expect(Object.keys(variables.queues)).toEqual(namesOf('queue'));
    expect(variables.buckets).toEqual(namesOf('bucket'));
    expect([variables.publisher, variables.subscriber]).toEqual(namesOf('service-account'));
    expect(variables.export_buckets).toEqual(['acme-exports']);
    expect(variables.tables['shop.events']).toMatchObject({
      key: ['event_id'],
      partition: { field: 'event_time', type: 'DAY' },
    });
  });

  it('declares each variable that is written for it', () => {
    const text = readFileSync(join(folder, 'google/variables.tf'), 'utf8');
    const declared = [...text.matchAll(/^variable "(\w+)"/gm)].map(([, name]) => name);
    expect(declared.sort()).toEqual(Object.keys(variables).sort());
  });
});

const hasTerraform = spawnSync('terraform', ['version']).status === 0;

describe.skipIf(!hasTerraform)('terraform', { timeout: 120_000 }, () => {
  test('fmt finds nothing to change', () => {
    const { status, stdout } = spawnSync('terraform', ['fmt', '-check', '-recursive', folder], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test.for(['google', 'cloudflare'])('validate takes %s', (cloud, { skip }) => {
    const directory = mkdtempSync(join(tmpdir(), 'tributary-terraform-'));
    try {
      cpSync(join(folder, cloud), directory, { recursive: true });
      if (cloud === 'google') {
        writeFileSync(join(directory, 'a.auto.tfvars.json'), JSON.stringify(variables));
      }
      const run = (...args: string[]) =>
        spawnSync('terraform', [`-chdir=${directory}`, ...args, '-no-color'], { encoding: 'utf8' });
      if (run('init', '-backend=false', '-input=false').status !== 0) {
        skip('skipped: terraform cannot fetch its providers here');
      }
      const { status, stdout, stderr } = run('validate');
      expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
        status: 0,
        output: '',
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
