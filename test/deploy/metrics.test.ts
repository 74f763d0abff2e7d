import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { metricTable } from '../../subscriber/service/metric-table.ts';
import { MetricsRecorder } from '../../subscriber/service/metrics-recorder.ts';
import { startOpenTelemetry } from '../../subscriber/service/open-telemetry.ts';
import { itWith } from '../e2e/tools.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** Histograms appear as three, and the names are those of the series themselves. */
const name = /\b(?:tributary|messaging)_[a-z_]+\b/g;

/** By name, the names of the labels, as Prometheus reads them of a subscriber. */
async function servedMetrics(): Promise<Map<string, Set<string>>> {
  const recorder = new MetricsRecorder({ subscription: 's', streams: ['shop'] });
  recorder.fetched('shop', 1);
  const inFlight = { messages: 0, bytes: 0, fullness: 0 };
  const tables = [{ stream: 'shop', rowsWritten: 0, isRefused: false }];
  const state = { pulled: 0, inFlight, oldestReceivedAt: undefined, tables };
  let port = 0;
  const telemetry = await startOpenTelemetry(
    { prometheus: { host: '127.0.0.1', port: 0 } },
    () => recorder.collect(state),
    (line) => {
      port = Number(line['port']);
    },
  );
  onTestFinished(() => telemetry.stop(0));
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const served = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, metric = '', labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (!metric) continue;
    const names = served.get(metric) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) names.add(label);
    served.set(metric, names);
  }
  return served;
}

/** The queries of a dashboard or of rules. */
function queriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(queriesOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'expr' ? [String(inner)] : queriesOf(inner),
  );
}

const queries = {
  'deploy/grafana-dashboard.json': queriesOf(JSON.parse(read('deploy/grafana-dashboard.json'))),
  'deploy/alerts.yaml': queriesOf(parse(read('deploy/alerts.yaml'))),
};

describe('deploy/', () => {
  it('names only metrics that the subscriber has', async () => {
    const served = await servedMetrics();
    const files = globSync('deploy/**/*.{md,yaml,json}', { cwd: root });
    const named = files.flatMap((file) =>
      [...read(file).matchAll(name)].map(([metric]) => ({ file, metric })),
    );
    expect(named.filter(({ metric }) => !served.has(metric))).toEqual([]);
    expect(new Set(named.map(({ file }) => file)).size).toBeGreaterThanOrEqual(4);
  });

  it('asks them only for labels that they have', async () => {
    const served = await servedMetrics();
    const wrong = Object.values(queries)
      .flat()
      .flatMap((query) => {
        const labels = new Set(
          [...query.matchAll(name)].flatMap(([metric]) => [...(served.get(metric) ?? [])]),
        );
        const asked = [
          ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => (list ?? '').split(', ')),
          ...[...query.matchAll(/([a-z_]+)!?=~?"/g)].map(([, label]) => label ?? ''),
        ];
        return asked.filter((label) => !labels.has(label)).map((label) => ({ query, label }));
      });
    expect(wrong).toEqual([]);
  });

  it('shows every metric on the dashboard', () => {
    const shown = queries['deploy/grafana-dashboard.json'].join('\n');
    const missing = Object.values(metricTable).filter(
      (metric) => !shown.includes(metric.name.replaceAll('.', '_')),
    );
    expect(missing.map((metric) => metric.name)).toEqual([]);
  });

  it('gives every alert a summary, a description and a severity', () => {
    const { groups } = parse(read('deploy/alerts.yaml')) as {
      groups: { rules: { alert: string; labels: object; annotations: object }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules).toHaveLength(queries['deploy/alerts.yaml'].length);
    for (const { labels, annotations } of rules) {
      expect(labels).toHaveProperty('severity');
      expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    }
  });

  itWith(['promtool'], 'has rules that Prometheus takes', async () => {
    const rules = join(root, 'deploy/alerts.yaml');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', rules], {
      encoding: 'utf8',
    });
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});
