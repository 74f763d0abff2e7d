import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultPorts, type Ports, portNames } from '../local/parts/ports.ts';
import { makePrivateFolder } from '../local/parts/private-files.ts';
import {
  type SendingSide,
  type SignedDelivery,
  sampleOf,
  signDelivery,
} from '../local/samples/deliveries.ts';
import { historyStreams } from '../local/samples/sender-apis.ts';
import { completeSecrets, type Secrets } from '../local/secrets.ts';
import { type Stack, startStack } from '../local/stack.ts';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { misreadSecrets, secretPrefix } from '../shared/config/secrets.ts';
import { requireConfig } from '../subscriber/service/find-config.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import {
  announceRunning,
  defaultState,
  requireNotRunning,
  retractRunning,
} from './find/running-stack.ts';
import { installLocalParts } from './local-parts.ts';
import { followConfig } from './start/follow-config.ts';
import { isQuiet, jsonOption, printJson } from './terminal/manners.ts';
import { describePartLine } from './terminal/part-log.ts';

const defaultSecrets = '.dev.vars';

interface StartOptions {
  ports: Ports;
  state: string;
  secrets: string;
  allowHost: string[];
  watch: boolean;
  json: boolean;
}

type StateFiles = Pick<StartOptions, 'state' | 'secrets'>;

export function startCommand(): Command {
  const portOptions = Object.entries(defaultPorts).map(([name, port]) => {
    const { title, option } = portNames[name as keyof Ports];
    const flag = new Option(`${option} <port>`, `port of ${title}`)
      .argParser(parsePort)
      .default(port);
    return { name, flag };
  });
  const command = new Command('start').description(
    'run the whole relay on this machine until Ctrl-C: edge, Pub/Sub, subscriber and BigQuery',
  );
  for (const { flag } of portOptions) command.addOption(flag);
  return command
    .option('--state <folder>', 'folder for the queue and the tables', defaultState)
    .option(
      '--secrets <file>',
      'file with the secrets; missing ones are generated and added',
      defaultSecrets,
    )
    .addOption(
      new Option(
        '--allow-host <name...>',
        'host names, besides localhost, under which Pub/Sub and BigQuery answer',
      )
        .argParser(readHosts)
        .default([], 'none'),
    )
    .option('--no-watch', 'do not restart what reads the config, wrangler.toml or the secrets')
    .addOption(jsonOption())
    .action(async (flags: Record<string, number> & Omit<StartOptions, 'ports'>) => {
      const ports = portOptions.map(({ name, flag }) => [name, flags[flag.attributeName()]]);
      await start({ ...flags, ports: Object.fromEntries(ports) as Ports });
    });
}

async function start({
  state,
  ports,
  allowHost,
  secrets: secretsFile,
  watch,
  json,
}: StartOptions): Promise<void> {
  // With --json, standard output has one document and nothing else.
  const say = json ? console.error : isQuiet() ? () => {} : console.log;
  const config = requireConfig();
  installLocalParts();
  const relay = await loadRelay(config);
  requireNotRunning(state);
  const { secrets, added, tightened } = completeSecrets(secretsFile, relay);
  if (added.length > 0) say(`${secretsFile}: generated ${added.join(', ')}`);
  for (const said of [tightened, makePrivateFolder(state)]) if (said) say(said);
  await warnOfMisread(relay, secretsFile, secrets);

  const ended = Promise.withResolvers<string>();
  const stack = await startStack({
    relay,
    config,
    ports,
    directory: state,
    secrets,
    allowHosts: allowHost,
    onLine: (part, line) => say(describePartLine(part, line)),
    onExit: (part, how) => ended.resolve(`${part} ended unexpectedly (${how})`),
  });
  announceRunning(state, { pid: process.pid, ports: stack.ports });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.resolve(signal));
  }
  if (json) printJson(toDocument(relay, stack));
  else {
    console.log(await describe(relay, stack, secrets));
    console.log(describeHistory(relay, stack, { state, secrets: secretsFile }));
  }
  const watched = watch && followConfig({ config, secretsFile, relay, stack, say });

  const why = await ended.promise;
  if (watched) watched.stop();
  say(`\n${why}: draining …`);
  await stack.stop();
  retractRunning(state);
  if (!why.startsWith('SIG')) process.exitCode = 1;
  else say('Stopped. Accepted deliveries are in the tables, or wait in the queue.');
}

/** The edge answers such a stream's deliveries with 503 until its secret is corrected; other streams work. */
async function warnOfMisread(relay: Relay, secretsFile: string, secrets: Secrets): Promise<void> {
  for (const stream of relay.streams.values()) {
    for (const problem of await misreadSecrets(stream, (name) => secrets[name])) {
      console.error(`${secretsFile}: ${problem}`);
    }
  }
}

function toDocument(relay: Relay, { ports }: Stack): object {
  const edge = `http://127.0.0.1:${ports.edge}`;
  const streams = [...relay.streams.values()].map(({ name, table }) => ({
    name,
    url: `${edge}/${name}`,
    table: `${relay.project}.${table}`,
  }));
  return { ok: true, edge, ports, streams };
}

/** For each stream its URL, its table and one signed delivery to paste. */
async function describe(relay: Relay, stack: Stack, secrets: Secrets): Promise<string> {
  const edge = `http://127.0.0.1:${stack.ports.edge}`;
  const lines = [
    `The relay is ready at ${edge} (Ctrl-C stops it).`,
    `Pub/Sub: 127.0.0.1:${stack.ports.pubsub}, BigQuery: http://127.0.0.1:${stack.ports.bigquery}`,
  ];
  for (const stream of relay.streams.values()) {
    lines.push('', `${stream.name} → ${relay.project}.${stream.table}`);
    lines.push(await describeDelivery(stream, { relay, secrets, edge, now: Date.now() }));
  }
  const [first] = relay.streams.values();
  if (first) {
    lines.push(
      '',
      `npx tributary query 'SELECT * FROM \`${relay.project}.${first.table}\` LIMIT 10'`,
    );
  }
  return lines.join('\n');
}

/** Commands to paste for each stream with a history: they fetch yesterday's from the local sender. */
function describeHistory(relay: Relay, stack: Stack, files: StateFiles): string {
  const dayMs = 24 * 3_600_000;
  const [from, to] = [dayMs, 0].map((agoMs) => new Date(Date.now() - agoMs).toISOString());
  const range = `--from ${from?.slice(0, 10)} --to ${to?.slice(0, 10)}`;
  const lines = historyStreams(relay).flatMap((name) => {
    const url = `${secretPrefix(name)}_API_URL=http://127.0.0.1:${stack.ports.datanostro}`;
    return ['backfill', 'reconcile'].map(
      (command) => `${url} npx tributary ${command} ${name} ${range}${flagsOf(files)}`,
    );
  });
  if (lines.length === 0) return '';
  return ['', "Yesterday's events, which no webhook delivered:", '', ...lines].join('\n');
}

/** Only those that differ from the defaults of the other commands. */
function flagsOf({ state, secrets }: StateFiles): string {
  const flags = [
    ...(state === defaultState ? [] : [`--state ${quote(state)}`]),
    ...(secrets === defaultSecrets ? [] : [`--secrets ${quote(secrets)}`]),
  ];
  return flags.map((flag) => ` ${flag}`).join('');
}

async function describeDelivery(stream: RelayStream, side: SendingSide): Promise<string> {
  try {
    const delivery = await signDelivery(sampleOf(stream), stream, side);
    return `  ${delivery.url}\n\n${toCurl(delivery)}`;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const need = stream.secrets.join(' and ');
    return `  ${side.edge}/${stream.name}\n\nOnly the sender can sign for this stream, with its private key. ${need} in the secrets file is the public key.`;
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('a port is a number from 0 (any free one) to 65535');
  }
  return port;
}

function readHosts(name: string, before: readonly string[]): string[] {
  if (/^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i.test(name)) return [...before, name];
  throw new InvalidArgumentError('a host is a name or an address, without a port: tributary');
}

/** A delivery as a command that can be pasted into a POSIX shell, byte for byte. */
function toCurl(delivery: SignedDelivery): string {
  const headers = { 'content-type': delivery.contentType, ...delivery.headers };
  const words = [
    `curl -i ${quote(delivery.url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    // Not -d: it strips line breaks, which the signature covers.
    `--data-binary ${quote(delivery.body)}`,
  ];
  return words.join(' \\\n  ');
}

/** As one word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
