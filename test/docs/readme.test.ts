import { describe, expect, it } from 'vitest';
import type { Stream } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import * as presets from '../../shared/sources/presets.ts';
import { relay } from '../../tributary.config.ts';
import { codeBlocks, readDocument, tableRows } from './documents.ts';

const readme = readDocument('README.md');
const scripts = (JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> })
  .scripts;

describe('README.md', () => {
  it('gives the two commands first', () => {
    expect(codeBlocks(readme, 'sh').slice(0, 2)).toEqual([
      'npm ci && npm run demo\n',
      'npm ci && npm test\n',
    ]);
  });

  it('names only scripts that there are', () => {
    for (const [, name = ''] of readme.matchAll(/npm run ([\w-]+)/g)) {
      expect(scripts).toHaveProperty(name);
    }
  });

  it('lists the streams of tributary.config.ts', () => {
    const listed = tableRows(readme, '| stream | sender').map(([name, , , table]) => [name, table]);
    const streams = [...relay.streams.values()].map(({ name, table }) => [
      `\`${name}\``,
      `\`${table}\``,
    ]);
    expect(listed).toEqual(streams);
  });

  it('tells the defaults that hold', () => {
    const [stream] = defineRelay({
      project: 'my-project',
      streams: { own: datanostro({ table: 'a.b' }) },
    }).streams.values();
    const defaults = new Map(
      tableRows(readme, '| setting of a stream').map(([name, value]) => [name, value]),
    );
    expect(defaults.get('`maxBodyBytes`')).toBe(`${(stream?.maxBodyBytes ?? 0) / 1024 ** 2} MiB`);
    expect(defaults.get('`publishBudgetMs`')).toBe(String(stream?.publishBudgetMs));
    expect(defaults.get('`secrets`')).toContain('`<STREAM>_SECRET`');
    expect(stream?.secrets).toEqual(['OWN_SECRET']);
  });

  it('shows streams that the config takes', () => {
    const [streams = ''] = codeBlocks(readme, 'ts');
    const makers = { ...presets, generic };
    const read = new Function(...Object.keys(makers), `return { ${streams} }`) as (
      ...values: unknown[]
    ) => Record<string, Stream>;
    const shown = read(...Object.values(makers));
    expect(Object.keys(shown)).toEqual(['billing', 'orders', 'alerts']);
    expect(() => defineRelay({ project: 'my-project', streams: shown })).not.toThrow();
  });
});

describe('wrangler.toml', () => {
  it('has the config checked before it is bundled without the checks', () => {
    expect(readDocument('wrangler.toml')).toMatch(/^\[build\]\ncommand = "npx tributary check"$/m);
  });

  it('requires the secrets that the streams name', () => {
    const [, list = ''] = /^required = \[([\s\S]*?)^\]/m.exec(readDocument('wrangler.toml')) ?? [];
    const required = [...list.matchAll(/^\s*"(\w+)"/gm)].map(([, name]) => name);
    const named = [...relay.streams.values()].flatMap((stream) => stream.secrets);
    expect(new Set(required)).toEqual(new Set(['GOOGLE_SERVICE_ACCOUNT', ...named]));
  });
});

describe('CONTRIBUTING.md', () => {
  it('names only scripts that there are', () => {
    for (const [, name = ''] of readDocument('CONTRIBUTING.md').matchAll(/npm run ([\w-]+)/g)) {
      expect(scripts).toHaveProperty(name);
    }
  });
});
