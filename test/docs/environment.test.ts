import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/operate/environment.md');

/** The files of some folders, with their contents. */
function sources(...folders: string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '--', ...folders], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((file) => /(?<!\.d)\.[jt]s$/.test(file))
    .map(readDocument);
}

function matches(texts: readonly string[], ...patterns: RegExp[]): Set<string> {
  return new Set(
    texts.flatMap((text) =>
      patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = '']) => name)),
    ),
  );
}

/** The names in the first column of the tables below a heading. */
function documented(section: string): Set<string> {
  const [, below = ''] = page.split(`## ${section}\n`);
  const [own = ''] = below.split('\n## ');
  return matches([own], /`([A-Z][A-Z0-9_]{3,}|<STREAM>_[A-Z_]+)`/g);
}

const heads = [...page.matchAll(/^\| (variable|secret|binding) \|/gm)].length;

it('docs/operate/environment.md names each variable that the subscriber and the commands read', () => {
  const texts = sources('subscriber', 'console', 'cli', 'history', 'shared', 'local');
  const read = matches(
    texts,
    /\b(?:environment|env|process\.env)\[['"]([A-Z][A-Z0-9_]+)['"]\]/g,
    /\benv\.([A-Z][A-Z0-9_]+)\b/g,
    // A name in a constant.
    /^const variable = '([A-Z_]+)';$/gm,
  );
  const ofStreams = matches(texts, /\b(?:environment|env)\[`\$\{\w+\}(_[A-Z_]+)`\]/g);
  const all = documented('The subscriber and the commands');
  expect([...read].filter((name) => !all.has(name))).toEqual([]);
  expect([...ofStreams].filter((name) => !all.has(`<STREAM>${name}`))).toEqual([]);
  expect(read.size).toBeGreaterThan(5);
  expect(ofStreams.size).toBeGreaterThan(1);
});

it('it names no variable that nothing reads', () => {
  const texts = sources(
    'subscriber',
    'console',
    'cli',
    'history',
    'shared',
    'local',
    'test',
    'worker',
  );
  // Google's, AWS's and Node's own.
  const foreign = [
    'PUBSUB_EMULATOR_HOST',
    'BIGQUERY_EMULATOR_HOST',
    'GOOGLE_CLOUD_QUOTA_PROJECT',
    /^(?:AWS|CLOUDFLARE)_/,
  ];
  const isForeign = (name: string) =>
    foreign.some((one) => (typeof one === 'string' ? one === name : one.test(name)));
  const unused = [...documented('The subscriber and the commands')]
    .filter((name) => !isForeign(name))
    .filter((name) => !texts.some((text) => text.includes(name.replace('<STREAM>', ''))));
  expect(unused).toEqual([]);
});

it('it names the variables, secrets and bindings of the Worker', () => {
  const bound = readDocument('worker/env.ts');
  const optional = matches([bound], /^ {2}([A-Z][A-Z_]+):/gm);
  const toml = readDocument('wrangler.toml');
  const vars = matches([toml], /^#?([A-Z][A-Z_]+) = /gm);
  const all = documented('The Worker');
  const wanted = [
    ...optional,
    ...vars,
    'GOOGLE_SERVICE_ACCOUNT',
    '<STREAM>_SECRET',
    '<STREAM>_KEY',
  ];
  expect(wanted.filter((name) => !all.has(name))).toEqual([]);
  expect(optional.size).toBeGreaterThan(3);
});

it('its defaults hold', () => {
  const defaults = new Map(
    tableRows(page, '| variable | default |').map(([name, text]) => [name, text]),
  );
  const [, seconds] =
    /^const defaultSeconds = ([\d.]+);$/m.exec(readDocument('subscriber/environment.ts')) ?? [];
  expect(defaults.get('`STOP_WITHIN_SECONDS`')).toBe(`\`${seconds}\``);
  expect(heads).toBeGreaterThan(3);
});
