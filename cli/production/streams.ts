import { Command } from 'commander';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { edgeSecrets, secretPrefix } from '../../shared/config/secrets.ts';
import type { Filter } from '../../shared/filters/condition.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { sources } from '../../shared/sources/registry.ts';
import { terminalJson, terminalText } from '../../shared/terminal-text.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { addStateOption, findRunning } from '../find/running-stack.ts';
import { readSecrets } from '../find/secrets.ts';

interface StreamsOptions {
  json: boolean;
  state: string;
  secrets: string;
}

/** A stream as the command shows it. A URL never has the key: it names the secret in its place. */
interface StreamLine {
  name: string;
  source: string;
  scheme: string;
  /** Behind `publicUrl`; null if the config has none. */
  url: string | null;
  /** At the local stack; null if none is running. */
  localUrl: string | null;
  path: string;
  /** `project.dataset.table` */
  table: string;
  filter: Filter | null;
  key: readonly string[] | null;
  /** In the environment or in the secrets file. */
  secrets: { name: string; present: boolean }[];
}

const width = 80;
const labelWidth = 11;

export function streamsCommand(): Command {
  const command = new Command('streams')
    .description(
      'list the streams: URL, scheme, table, filter, key, and which secrets are set here',
    )
    .option('--json', 'print one JSON document', false)
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    );
  return addStateOption(command).action(listStreams);
}

async function listStreams({ json, state, secrets: file }: StreamsOptions): Promise<void> {
  const relay = await loadRelay();
  const running = findRunning(state);
  const edge = running && `http://127.0.0.1:${running.ports.edge}`;
  const secrets = readSecrets(file);
  const lines = [...relay.streams.values()].map((stream) =>
    describeStream(stream, { relay, edge, secrets }),
  );
  process.stdout.write(
    json ? `${terminalJson(toJson({ streams: lines }))}\n` : `${lines.map(toText).join('\n')}\n`,
  );
}

function describeStream(
  stream: RelayStream,
  { relay, edge, secrets }: { relay: Relay; edge: string | undefined; secrets: NodeJS.ProcessEnv },
): StreamLine {
  const { name, source, scheme, table, filter, key } = stream;
  const path = pathOf(stream);
  return {
    name,
    source,
    scheme: typeof scheme === 'string' ? scheme : 'its own',
    url: relay.publicUrl === undefined ? null : relay.publicUrl + path,
    localUrl: edge === undefined ? null : edge + path,
    path,
    table: `${relay.project}.${table}`,
    filter: filter ?? null,
    key: key ?? null,
    secrets: secretsOf(stream).map((secret) => ({
      name: secret,
      present: Boolean(secrets[secret]?.trim()),
    })),
  };
}

function pathOf(stream: RelayStream): string {
  const { name, secrets } = stream;
  const shown = schemeOf(stream);
  const keyed = 'at' in shown && shown.at.from === 'path';
  return keyed ? `/${name}/<${secrets[0]}>` : `/${name}`;
}

/** Those of the Worker, and the key with which the subscriber fetches exports. */
function secretsOf(stream: RelayStream): readonly string[] {
  const own = edgeSecrets(stream);
  if (sources[stream.source].delivers !== 'exports') return own;
  return [...own, `${secretPrefix(stream.name)}_API_KEY`];
}

function toText({ name, scheme, table, filter, key, secrets, ...at }: StreamLine): string {
  const rows: [label: string, text: string][] = [
    ['url', at.url ?? `${at.path}  (publicUrl is not set)`],
    ...(at.localUrl === null ? [] : ([['local', at.localUrl]] as [string, string][])),
    ['scheme', scheme],
    ['table', table],
    ['filter', filter === null ? 'none: every event becomes a row' : toJson(filter)],
    ['key', key === null ? 'none: rows are appended' : key.join(', ')],
    ...secrets.map(({ name: secret, present }, index): [string, string] => [
      index === 0 ? 'secrets' : '',
      `${secret} ${present ? 'present' : 'missing'}`,
    ]),
  ];
  return [terminalText(name), ...rows.flatMap(([label, text]) => indent(label, text)), ''].join(
    '\n',
  );
}

/** A filter may compare with a bigint: its digits as text. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? String(member) : member,
  );
}

/** Wrapped at the width of a terminal, wherever that is: a filter may have no spaces. */
function indent(label: string, text: string): string[] {
  const safe = terminalText(text);
  const parts = safe.match(new RegExp(`.{1,${width - labelWidth}}`, 'gu')) ?? [''];
  return parts.map(
    (part, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth - 2)}${part}`,
  );
}
