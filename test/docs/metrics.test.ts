import { describe, expect, it } from 'vitest';
import {
  deadLetterReasons,
  type MetricRow,
  metricTable,
} from '../../subscriber/service/metric-table.ts';
import { readMetricsSettings } from '../../subscriber/service/metrics-settings.ts';
import { codeBlocks, readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/metrics.md');

describe('docs/metrics.md', () => {
  it('has a row for each metric, as the code has it', () => {
    const rows: MetricRow[] = Object.values(metricTable);
    expect(tableRows(page, '| metric')).toEqual(
      rows.map(({ name, kind, unit, attributes, meaning }) => [
        `\`${name}\``,
        kind,
        `\`${unit}\``,
        attributes.map((attribute) => `\`${attribute}\``).join(', '),
        meaning,
      ]),
    );
  });

  it('has at most 12 metrics of our own', () => {
    const own = Object.values(metricTable).filter(({ name }) => name.startsWith('tributary.'));
    expect(own.length).toBeLessThanOrEqual(12);
  });

  it('has a row for each reason of a dead letter', () => {
    expect(tableRows(page, '| reason')).toEqual(
      Object.entries(deadLetterReasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    );
  });

  it('has examples that the subscriber takes', () => {
    const examples = codeBlocks(page, 'sh').filter((block) => block.includes('OTEL_'));
    const settings = examples.map((block) =>
      readMetricsSettings(
        Object.fromEntries(
          [...block.matchAll(/(OTEL_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
        ),
      ),
    );
    expect(settings).toEqual([
      { prometheus: { host: 'localhost', port: 9464 } },
      { otlp: { intervalMs: 15_000, timeoutMs: 15_000 } },
    ]);
  });
});
