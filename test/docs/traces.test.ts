import { describe, expect, it } from 'vitest';
import { exporterPackages } from '../../subscriber/otlp/load-exporter.ts';
import { readTraceSettings } from '../../subscriber/traces/trace-settings.ts';
import { codeBlocks, readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/operate/traces.md');
const blocks = codeBlocks(page, 'sh');

describe('docs/operate/traces.md', () => {
  it('installs the packages of this version', () => {
    const { dependencies } = JSON.parse(readDocument('package.json')) as {
      dependencies: Record<string, string>;
    };
    const [install = ''] = blocks.filter((block) => block.includes('npm install'));
    const named = [...install.matchAll(/(@opentelemetry\/[\w-]+)@(\S+)/g)].map(
      ([, name, version]) => [name, version],
    );
    expect(named).toEqual(exporterPackages.map((name) => [name, dependencies[name]]));
  });

  it('has examples that the subscriber takes', () => {
    const settings = blocks
      .filter((block) => block.includes('OTEL_'))
      .map((block) => {
        const set = [...block.matchAll(/(OTEL_\w+)=(\S+)/g)].map(([, name, value]) => [
          name,
          value,
        ]);
        return readTraceSettings(Object.fromEntries(set))?.sampler;
      });
    expect(settings).toEqual([
      { ratio: 1, isParentBased: true },
      { ratio: 0.01, isParentBased: true },
    ]);
  });

  it('has the defaults', () => {
    const defaults = new Map(
      tableRows(page, '| variable | default |').map(([name = '', value]) => [name, value]),
    );
    const { batches } = readTraceSettings({ OTEL_TRACES_EXPORTER: 'otlp' }) ?? {};
    const ofBatches = [
      'MAX_QUEUE_SIZE',
      'MAX_EXPORT_BATCH_SIZE',
      'SCHEDULE_DELAY',
      'EXPORT_TIMEOUT',
    ];
    expect(ofBatches.map((name) => defaults.get(`\`OTEL_BSP_${name}\``))).toEqual(
      Object.values(batches ?? {}).map((value) => `\`${value}\``),
    );
    expect(defaults.get('`OTEL_TRACES_SAMPLER`')).toBe('`parentbased_always_on`');
  });

  it('names the spans and the attributes that are written', () => {
    const code = ['delivery-trace', 'traces'].map((name) =>
      readDocument(`subscriber/traces/${name}.ts`),
    );
    const others = ['subscriber/pipeline.ts', 'subscriber/exports/export-queue.ts'];
    const sources = [...code, ...others.map(readDocument)].join('\n');
    const spans = tableRows(page, '| span | kind |').map(([name = '']) => name.replaceAll('`', ''));
    expect(spans).toHaveLength(8);
    for (const span of spans) {
      const [first] = span.replace('POST', `\${method}`).split('<');
      expect(sources).toMatch(new RegExp(`['\`]${first?.replace(/[$\\/{}]/g, '\\$&')}`));
    }
    const own = new Set([...sources.matchAll(/'(tributary\.[\w.]+)'/g)].map(([, name]) => name));
    const unnamed = [...own].filter((name) => !page.includes(`\`${name}\``));
    expect(unnamed).toEqual([]);
    expect(own.size).toBeGreaterThan(6);
  });
});
