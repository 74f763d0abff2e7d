import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errors, type Reaction } from '../../shared/errors.ts';

const codes = Object.keys(errors) as (keyof typeof errors)[];

/** Where the errors of a prefix come from. */
const prefixes: Record<string, string> = {
  alerts: 'The alerts of the config, and their receivers.',
  arguments: 'The command line of the subscriber.',
  bigquery: 'BigQuery, as `tributary import`, `backfill`, `reconcile` and `query` use it.',
  body: 'The body that `tributary send` reads.',
  command: 'Any command.',
  config: 'tributary.config.ts, as every part reads it.',
  console: 'The console that the subscriber serves.',
  'dead-letter': 'The dead letters of `tributary dead-letters`.',
  delimited: 'CSV files: of imports, and of exports that a webhook announces.',
  delivery: 'The delivery that `tributary send` signs, and that `tributary try` judges.',
  deploy: '`tributary deploy`.',
  edge: 'The edge to which `tributary send` speaks.',
  environment: 'The environment variables of the subscriber and of the commands.',
  export: 'Exports that a webhook announces, as the subscriber loads them.',
  file: 'Files and folders, as any command uses them.',
  filter: 'The filter of `tributary filter-test`.',
  google: 'Google Cloud, as `tributary provision` and `deploy` speak to it.',
  history: "The sender's API for its history, as `tributary backfill` and `reconcile` ask it.",
  import: 'The files of `tributary import`.',
  init: '`tributary init`.',
  line: 'The lines of `tributary import` and `backfill`.',
  local: 'The packages that the relay on one machine needs.',
  overflow: "The Worker's overflow queue.",
  part: 'The parts that `tributary start` and `demo` run.',
  port: 'The ports on which the local relay and the subscriber listen.',
  provision: '`tributary provision`.',
  query: 'The queries of `tributary query`.',
  range: 'The range of time that `tributary backfill` and `reconcile` are given.',
  refused: 'The refused deliveries of `tributary refused`.',
  rejected: 'The file for rejected lines of `tributary import` and `backfill`.',
  secret: 'The secrets of a stream, as `tributary secret` sets them and `send` signs with them.',
  secrets: 'The file with the secrets, as any command reads it.',
  'service-account': 'The Google account of the Worker.',
  stack: 'The local relay.',
  state: 'The state folder of the local relay.',
  stream: 'The stream that a command is given.',
  subscription: 'The Pub/Sub subscription of the subscriber.',
  table: 'The tables in BigQuery, as the subscriber and the commands open them.',
  tail: '`tributary tail`.',
  trace: '`tributary trace`.',
  window: 'The windows of time in which `tributary backfill` works.',
  wrangler: "Cloudflare's command line, and the file that it reads.",
};

const reactions: Record<Reaction, string> = {
  setup: 'a person must change something; until then it fails again',
  transient: 'it may succeed when it is tried again',
  throttled: 'it may succeed when it is tried again more slowly',
  invalid: 'the data itself is wrong; it fails whenever it is tried',
};

const used = (Object.keys(reactions) as Reaction[]).filter((reaction) =>
  codes.some((code) => errors[code].reaction === reaction),
);

function prefixOf(code: string): string {
  return code.slice(0, code.indexOf('.'));
}

const sections = Object.entries(prefixes).map(([prefix, about]) => {
  const rows = codes
    .filter((code) => prefixOf(code) === prefix)
    .map((code) => {
      const { meaning, reaction, remedy } = errors[code];
      return `| \`${code}\` | ${meaning} | ${reaction} | ${remedy} |`;
    });
  return `## ${prefix}

${about}

| code | meaning | reaction | what to do |
|---|---|---|---|
${rows.join('\n')}`;
});

const page = `# Errors

Made by \`test/docs/errors.test.ts\` from \`shared/errors.ts\`: after a change run \`npx vitest run --project node test/docs -u\`.

Every error has a code, which stays the same from version to version. A command prints the code below its message. The subscriber logs it as \`code\`, the Worker as \`cause\`.

| reaction | |
|---|---|
${used.map((reaction) => `| ${reaction} | ${reactions[reaction]} |`).join('\n')}

${sections.join('\n\n')}
`;

it('docs/errors.md is made of the table of errors', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/errors.md');
});

it('the table is sorted, and every code has a prefix that the page explains', () => {
  expect(codes).toEqual(codes.toSorted());
  expect([...new Set(codes.map(prefixOf))]).toEqual(Object.keys(prefixes));
});

it('every code is thrown somewhere', () => {
  const folders = ['worker', 'subscriber', 'console', 'history', 'shared', 'local', 'cli'];
  const files = execFileSync('git', ['ls-files', '--', ...folders], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file.endsWith('.ts') && file !== 'shared/errors.ts');
  const sources = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});
