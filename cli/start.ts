import { Command, Option } from 'commander';
import { defaultPorts, type Ports, portNames } from '../local/parts/ports.ts';
import { makePrivateFolder } from '../local/parts/private-files.ts';
import { completeSecrets, type Secrets } from '../local/secrets.ts';
import { type Stack, startStack } from '../local/stack.ts';
import type { Relay } from '../shared/config/config.ts';
import { misreadSecrets } from '../shared/config/secrets.ts';
import { nameWidthOf } from '../subscriber/logs/terminal-lines.ts';
import { requireConfig } from '../subscriber/service/find-config.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import {
  announceRunning,
  defaultState,
  requireNotRunning,
  retractRunning,
} from './find/running-stack.ts';
import { installLocalParts } from './local-parts.ts';
import { readHosts, readPort } from './program/option-values.ts';
import { defaultSecrets, describeStack } from './start/describe-stack.ts';
import { followConfig } from './start/follow-config.ts';
import { isQuiet, jsonOption, printJson } from './terminal/manners.ts';
import { describePartLine, partWidth } from './terminal/part-log.ts';

interface StartOptions {
  ports: Ports;
  state: string;
  secrets: string;
  allowHost: string[];
  curl: boolean;
  watch: boolean;
  json: boolean;
}

export function startCommand(): Command {
  const portOptions = Object.entries(defaultPorts).map(([name, port]) => {
    const { title, option } = portNames[name as keyof Ports];
    const flag = new Option(`${option} <port>`, `port of ${title}`)
      .argParser(readPort)
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
    .option('--curl', 'print a signed curl for each stream, to paste', false)
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
  curl,
  secrets: secretsFile,
  watch,
  json,
}: StartOptions): Promise<void> {
  // With --json, standard output has one document and nothing else.
  const output = json ? process.stderr : process.stdout;
  const say = json ? console.error : isQuiet() ? () => {} : console.log;
  const config = requireConfig();
  installLocalParts();
  const relay = await loadRelay(config);
  requireNotRunning(state);
  const { secrets, added, tightened } = completeSecrets(secretsFile, relay);
  if (added.length > 0) say(`${secretsFile}: generated ${added.join(', ')}`);
  for (const said of [tightened, makePrivateFolder(state)]) if (said) say(said);
  await warnOfMisread(relay, secretsFile, secrets);

  const nameWidth = Math.max(partWidth, nameWidthOf(relay.streams.keys()));
  const ended = Promise.withResolvers<string>();
  const stack = await startStack({
    relay,
    config,
    ports,
    directory: state,
    secrets,
    allowHosts: allowHost,
    onLine: (part, line) => say(describePartLine(part, line, output, nameWidth)),
    onExit: (part, how) => ended.resolve(`${part} ended unexpectedly (${how})`),
  });
  const announce = () => announceRunning(state, { pid: process.pid, ports: stack.ports });
  announce();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.resolve(signal));
  }
  const files = { state, secrets: secretsFile };
  if (json) printJson(toDocument(relay, stack));
  else console.log(await describeStack({ relay, stack, secrets, files, curl }));
  const watched =
    watch && followConfig({ config, secretsFile, relay, stack, say, onRestart: announce });

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

function toDocument(relay: Relay, { ports, hasConsole }: Stack): object {
  const edge = `http://127.0.0.1:${ports.edge}`;
  const streams = [...relay.streams.values()].map(({ name, table }) => ({
    name,
    url: `${edge}/${name}`,
    table: `${relay.project}.${table}`,
  }));
  const page = hasConsole && { console: `http://127.0.0.1:${ports.console}` };
  return { ok: true, ...page, edge, ports, streams };
}
