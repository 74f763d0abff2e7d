import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultPorts, type Ports, portNames } from '../local/parts/ports.ts';
import { makePrivateFolder } from '../local/parts/private-files.ts';
import { type SendingSide, sampleOf, signDelivery } from '../local/samples/deliveries.ts';
import { historyStreams } from '../local/samples/sender-apis.ts';
import { completeSecrets, type Secrets } from '../local/secrets.ts';
import { type Stack, startStack } from '../local/stack.ts';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { misreadSecrets, secretPrefix } from '../shared/config/secrets.ts';
import { relay } from '../tributary.config.ts';
import { quote, toCurl } from './curl.ts';
import { printPartLine } from './history/part-line.ts';
import { announceRunning, requireNotRunning, retractRunning } from './running.ts';

const defaultState = '.tributary';
const defaultSecrets = '.dev.vars';

interface StartOptions {
  ports: Ports;
  state: string;
  secrets: string;
  allowHost: string[];
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
    'run the whole relay on this machine until Ctrl-C: the edge, Pub/Sub, the subscriber, BigQuery',
  );
  for (const { flag } of portOptions) command.addOption(flag);
  return command
    .option('--state <folder>', 'where the queue and the tables are kept', defaultState)
    .option(
      '--secrets <file>',
      'where missing secrets are written, and all are read',
      defaultSecrets,
    )
    .addOption(
      new Option(
        '--allow-host <name...>',
        'a name, beside localhost, that Pub/Sub and BigQuery may be called by',
      )
        .argParser(readHosts)
        .default([], 'none'),
    )
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
}: StartOptions): Promise<void> {
  requireNotRunning(state);
  const { secrets, added, tightened } = completeSecrets(secretsFile, relay);
  if (added.length > 0) console.log(`${secretsFile}: made ${added.join(', ')}`);
  for (const said of [tightened, makePrivateFolder(state)]) if (said) console.log(said);
  await tellMisread(secretsFile, secrets);

  const ended = Promise.withResolvers<string>();
  const stack = await startStack({
    relay,
    ports,
    directory: state,
    secrets,
    allowHosts: allowHost,
    onLine: printPartLine,
    onExit: (part, how) => ended.resolve(`${part} ended by itself (${how})`),
  });
  announceRunning(state, { pid: process.pid, ports: stack.ports });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.resolve(signal));
  }
  console.log(await describe(relay, stack, secrets));
  console.log(describeHistory(relay, stack, { state, secrets: secretsFile }));

  const why = await ended.promise;
  console.log(`\n${why}: draining …`);
  await stack.stop();
  retractRunning(state);
  if (!why.startsWith('SIG')) process.exitCode = 1;
  else console.log('Stopped. What was accepted is in the tables, or waits in the queue.');
}

/** Of such a stream deliveries are answered 503 until its secret is mended; those of the others are taken. */
async function tellMisread(secretsFile: string, secrets: Secrets): Promise<void> {
  for (const stream of relay.streams.values()) {
    for (const problem of await misreadSecrets(stream, (name) => secrets[name])) {
      console.error(`${secretsFile}: ${problem}`);
    }
  }
}

/** What to paste: for each stream its URL, its table and one signed delivery. */
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

/** What to paste for each stream whose history can be had: yesterday's, from the stand-in for its sender. */
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
  return ['', "Yesterday's events, from before the webhook was on:", '', ...lines].join('\n');
}

/** As they differ from what the other commands take by themselves. */
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
    return `  ${side.edge}/${stream.name}\n\nOnly its sender can sign for it, with what ${need} in the secrets file is made for.`;
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
