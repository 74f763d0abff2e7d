import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planTable, planView } from '../../../cli/production/google/bigquery-plans.ts';
import { commandLines } from '../../../cli/production/plan/command-lines.ts';
import {
  accountName,
  desiredResources,
  keyOf,
  needsOf,
} from '../../../cli/production/plan/resources.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { type BigQueryBed, PROJECT, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { itWith } from '../../e2e/tools.ts';

/** A relay with everything that a config can ask for. */
const relay = defineRelay({
  project: PROJECT,
  streams: {
    datanostro: datanostro({ table: 'shop.events', key: ['event_id'] }),
    exports: absmartly({ table: 'shop.exports', storage: { kind: 'gcs', bucket: 'acme-exports' } }),
    crm: segmentstream({ table: 'crm.orders' }),
    own: generic({
      table: 'own.things',
      scheme: 'bearer',
      event: '$.kind',
      columns: {
        at: { type: 'TIMESTAMP', from: '$.at' },
        price: { type: 'NUMERIC', from: '$.price' },
        note: { type: 'STRING', from: '$.note', description: `It's a "note" \\ with marks` },
        delivery_id: { type: 'STRING', from: 'delivery:id' },
      },
    }),
  },
});
const resources = desiredResources(relay, { queues: ['overflow'], buckets: ['overflow-objects'] });
const lines = commandLines(resources, { project: PROJECT, keyFile: '.tributary/my key.json' });

describe('the list of resources', () => {
  it('has each once, after what it needs', () => {
    const keys = resources.map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    for (const [at, resource] of resources.entries()) {
      for (const needed of needsOf(resource)) {
        expect(keys.slice(0, at)).toContain(needed);
      }
    }
  });

  it('gives the publisher one role, on one topic', () => {
    const roles = resources.filter((resource) => resource.kind === 'role');
    const ofPublisher = roles.filter(({ account }) => account === 'tributary-publisher');
    expect(ofPublisher).toMatchObject([{ name: 'roles/pubsub.publisher', on: 'topic' }]);
    // No role is on the project but the one that can be on nothing smaller.
    const onProject = roles.filter(({ on }) => on === 'project').map(({ name }) => name);
    expect(onProject).toEqual(['roles/bigquery.jobUser']);
  });

  it.each(['tributary', 'Shop_Events', '9-lives', 'a.very.long.topic.name.that.goes.on', 'ž'])(
    'names accounts of the topic %s as Google takes them',
    (topic) => {
      for (const side of ['publisher', 'subscriber'] as const) {
        expect(accountName(topic, side)).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
      }
    },
  );
});

/** gcloud takes seconds to start on a busy machine. */
describe('the command lines', { timeout: 180_000 }, () => {
  let server: BigQueryBed;
  beforeAll(async () => {
    server = await startBigQueryBed();
  });
  afterAll(async () => await server.stop());

  /** The words that a shell makes of a line. */
  function wordsOf(line: string): string[] {
    const script = `show() { for word; do printf '%s\\0' "$word"; done; }; show ${line}`;
    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    return stdout.split('\0').slice(0, -1);
  }

  it('make tables and views that provision finds nothing to change of', async () => {
    for (const { name } of resources.filter(({ kind }) => kind === 'dataset')) {
      await server.bigquery.createDataset(name);
    }
    const statements = lines
      .filter((line) => / query .*CREATE/.test(line))
      .map((line) => wordsOf(line).at(-1) ?? '');
    expect(statements).toHaveLength(
      resources.filter(({ kind }) => kind === 'table' || kind === 'view').length,
    );
    for (const query of statements) await server.bigquery.query({ query });
    for (const resource of resources) {
      if (resource.kind === 'table') {
        expect([resource.name, await planTable(server.bigquery, resource)]).toEqual([
          resource.name,
          { state: 'same' },
        ]);
      }
      if (resource.kind === 'view') {
        expect([resource.name, await planView(server.bigquery, resource, PROJECT)]).toEqual([
          resource.name,
          { state: 'same' },
        ]);
      }
    }
    const [table] = await server.bigquery.dataset('own').table('things').getMetadata();
    const { fields } = table.schema as { fields: { name: string; description?: string }[] };
    expect(fields.find(({ name }) => name === 'note')?.description).toBe(
      `It's a "note" \\ with marks`,
    );
  });

  it('are one for each resource, with one for all APIs', () => {
    const apis = resources.filter(({ kind }) => kind === 'api');
    expect(lines).toHaveLength(resources.length - apis.length + 1);
    for (const { name } of apis) expect(lines[0]).toContain(name);
    expect(lines.filter((line) => line.startsWith('npx wrangler'))).toEqual([
      'npx wrangler queues create overflow --message-retention-period-secs 1209600',
      'npx wrangler r2 bucket create overflow-objects',
    ]);
    expect(lines.some((line) => line.includes("keys create '.tributary/my key.json'"))).toBe(true);
  });

  itWith(['gcloud'], 'are what gcloud takes', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tributary-gcloud-'));
    // Without an account gcloud reads its arguments, and ends before it asks anyone.
    const environment = {
      ...process.env,
      CLOUDSDK_CONFIG: home,
      CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    };
    // One of each command is enough.
    const commands = new Map(
      lines
        .map((line) => line.replace(/^\(umask 077 && (.*)\)$/, '$1'))
        .filter((line) => line.startsWith('gcloud '))
        .map((line) => [
          /^gcloud(?: [a-z]+(?:-[a-z]+)*)+?(?= \S*(?:\.|tributary|--|gs:|test-))/.exec(line)?.[0],
          line,
        ]),
    );
    expect(commands.size).toBeGreaterThan(6);
    const run = promisify(execFile);
    const answers: string[] = [];
    for (const line of commands.values()) {
      const { stderr } = await run('sh', ['-c', line], { env: environment }).catch(
        (error: { stderr: string }) => error,
      );
      answers.push(/ERROR: \([\w.-]+\) (.{0,60})/.exec(stderr)?.[1] ?? stderr);
    }
    rmSync(home, { recursive: true });
    expect(new Set(answers)).toEqual(
      new Set(['You do not currently have an active account selected.']),
    );
  });
});
