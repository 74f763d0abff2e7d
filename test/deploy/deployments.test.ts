import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { itWith } from '../e2e/tools.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'deploy');

function read(path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata?: { name: string; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

/** Every value of a key, however deep. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOf(inner, key),
  ]);
}

const subscriberAccount = /^tributary-subscriber@PROJECT\.iam\.gserviceaccount\.com$/;

describe('the image', () => {
  it('runs the subscriber as no root, and holds no secret', () => {
    const stages = read('Dockerfile')
      .split(/^FROM /m)
      .slice(1);
    const last = stages.at(-1) ?? '';
    expect(last).toMatch(/^\S+:nonroot\n/);
    expect(last).toContain('CMD ["node_modules/.bin/tributary", "serve"]');
    expect(stages[0]).toContain('npm ci --omit=dev');
    // Docker reads this file for this Dockerfile: https://docs.docker.com/build/concepts/context/#filename-and-location
    const ignored = read('Dockerfile.dockerignore').split('\n');
    for (const secret of ['.dev.vars*', '.env*', '.tributary', '.git', 'node_modules']) {
      expect(ignored).toContain(secret);
    }
  });

  const hasDaemon = spawnSync('docker', ['info']).status === 0;
  const why = hasDaemon ? '' : 'skipped: no Docker daemon answers here: ';
  it.skipIf(!hasDaemon)(
    `${why}is built, and has at most 250 MB`,
    { timeout: 600_000 },
    ({ skip }) => {
      const tag = `tributary-test-${process.pid}`;
      const docker = (...args: string[]) =>
        spawnSync('docker', args, { cwd: root, encoding: 'utf8' });
      const built = docker('build', '-f', 'deploy/Dockerfile', '-t', tag, '.');
      if (
        /pull|resolve source metadata|no such host/i.test(built.status === 0 ? '' : built.stderr)
      ) {
        skip('skipped: the base images cannot be fetched here');
      }
      expect({ status: built.status, error: built.status === 0 ? '' : built.stderr }).toEqual({
        status: 0,
        error: '',
      });
      const { stdout } = docker('image', 'inspect', tag, '--format', '{{.Size}}');
      docker('rmi', tag);
      expect(Number(stdout)).toBeLessThanOrEqual(250_000_000);
    },
  );
});

describe('Cloud Run', () => {
  it.each([
    ['cloud-run/worker-pool.yaml', 'WorkerPool', 'serve'],
    ['cloud-run/drain-job.yaml', 'Job', 'drain'],
  ])('%s runs tributary as the subscriber', (path, kind, command) => {
    const [manifest] = manifestsOf(read(path));
    expect(manifest?.kind).toBe(kind);
    expect(valuesOf(manifest, 'args')).toEqual([['node_modules/.bin/tributary', command]]);
    for (const account of valuesOf(manifest, 'serviceAccountName')) {
      expect(account).toMatch(subscriberAccount);
    }
  });
});

describe('Kubernetes', () => {
  const kustomization = manifestsOf(read('kubernetes/kustomization.yaml'))[0] as unknown as {
    resources: string[];
  };
  const manifests = kustomization.resources.flatMap((path) =>
    manifestsOf(read(`kubernetes/${path}`)),
  );
  const find = (kind: string) => manifests.find((manifest) => manifest.kind === kind);

  it('applies every file of its folder', () => {
    const files = readdirSync(join(folder, 'kubernetes')).filter((name) => name.endsWith('.yaml'));
    expect(files.sort()).toEqual([...kustomization.resources, 'kustomization.yaml'].sort());
  });

  it('stops a pod later than the subscriber stops itself', () => {
    const deployment = find('Deployment');
    const [grace] = valuesOf(deployment, 'terminationGracePeriodSeconds');
    const env = valuesOf(deployment, 'env').flat() as { name: string; value: string }[];
    const stop = env.find(({ name }) => name === 'STOP_WITHIN_SECONDS');
    expect(Number(grace)).toBeGreaterThan(Number(stop?.value));
    expect(valuesOf(deployment, 'runAsNonRoot')).toEqual([true]);
    expect(valuesOf(deployment, 'args')).toEqual([['node_modules/.bin/tributary', 'serve']]);
  });

  it('scales the deployment on its fullness, never to zero', () => {
    const scaled = find('ScaledObject')?.spec as {
      scaleTargetRef: { name: string };
      minReplicaCount: number;
      triggers: { type: string; metadata: Record<string, string> }[];
    };
    expect(scaled.scaleTargetRef.name).toBe(find('Deployment')?.metadata?.name);
    expect(scaled.minReplicaCount).toBeGreaterThan(0);
    const prometheus = scaled.triggers.find(({ type }) => type === 'prometheus');
    expect(prometheus?.metadata['query']).toContain('tributary_in_flight_fullness');
  });

  itWith(['kubectl'], 'is what kustomize takes', async () => {
    const built = spawnSync('kubectl', ['kustomize', join(folder, 'kubernetes')], {
      encoding: 'utf8',
    });
    expect(built.stderr).toBe('');
    const kinds = manifestsOf(built.stdout).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(manifests.map(({ kind }) => kind).sort());
    expect(built.stdout).toContain(
      'image: europe-west1-docker.pkg.dev/PROJECT/tributary/subscriber',
    );
  });
});

describe('systemd', () => {
  it('runs tributary, and waits longer than it needs to stop', () => {
    const unit = read('systemd/tributary.service');
    expect(unit).toMatch(/^ExecStart=\S+ node node_modules\/\.bin\/tributary serve$/m);
    const [, stop] = /STOP_WITHIN_SECONDS=(\d+)/.exec(unit) ?? [];
    const [, timeout] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    expect(Number(timeout)).toBeGreaterThan(Number(stop));
  });

  itWith(['systemd-analyze'], 'takes the unit', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tributary-systemd-'));
    const file = join(directory, 'tributary.service');
    writeFileSync(file, read('systemd/tributary.service'));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    const said = stderr.split('\n').filter((line) => line.includes('tributary.service'));
    expect({ status, said }).toEqual({ status: 0, said: [] });
  });
});
