import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { desiredResources } from '../../cli/production/plan/resources.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { itWith } from '../e2e/tools.ts';
import { codeBlocks, readDocument, tableRows } from './documents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = ['docs/deploy.md', 'deploy/README.md'];
const blocks = documents.flatMap((path) => codeBlocks(readDocument(path), 'sh'));

describe('docs/deploy.md and deploy/README.md', { timeout: 120_000 }, () => {
  itWith(['gcloud'], 'give gcloud only what it takes', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tributary-gcloud-'));
    // Without an account gcloud reads its arguments, and ends before it asks anyone.
    const environment = {
      ...process.env,
      CLOUDSDK_CONFIG: home,
      CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_RUN_REGION: 'europe-west1',
    };
    const lines = blocks
      .flatMap((block) => block.split('\n'))
      .map((line) => line.replace(/^CLOUDSDK_\w+=\S+ /, ''))
      .filter((line) => line.startsWith('gcloud ') && !line.startsWith('gcloud auth '))
      // The files that are made of these the line before.
      .map((line) =>
        line
          .replace(' pool.yaml', ' deploy/cloud-run/worker-pool.yaml')
          .replace(' job.yaml', ' deploy/cloud-run/drain-job.yaml'),
      );
    expect(lines.length).toBeGreaterThan(3);
    const answers = lines.map((line) => {
      const { stderr } = spawnSync('sh', ['-c', line], {
        cwd: root,
        encoding: 'utf8',
        env: environment,
      });
      return /You do not currently have an active account selected/.test(stderr) ? 'taken' : stderr;
    });
    rmSync(home, { recursive: true });
    expect(answers).toEqual(lines.map(() => 'taken'));
  });

  it('list the roles that provision gives', () => {
    const relay = defineRelay({
      project: 'acme-prod',
      streams: {
        exports: absmartly({ table: 'ab.exports', storage: { kind: 'gcs', bucket: 'exports' } }),
      },
    });
    const given = desiredResources(relay, { queues: [], buckets: [] }).flatMap((resource) =>
      resource.kind === 'role' ? [`\`${resource.account}\` \`${resource.name}\``] : [],
    );
    const rows = tableRows(readDocument('docs/deploy.md'), '| account | role | on');
    const listed = rows.map(([account, role]) => `${account?.replace(/ \(.*/, '')} ${role}`);
    expect(listed).toEqual([...new Set(given)]);
  });
});
