import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { defaultPorts, portNames, requireFree } from '../local/parts/ports.ts';
import { makePrivateFolder } from '../local/parts/private-files.ts';
import { resetData } from '../local/reset-data.ts';
import { type ServerPorts, type Servers, serverVariables, startServers } from '../local/servers.ts';
import { claimState } from '../local/state-version.ts';
import { RelayError } from '../shared/errors.ts';
import { requireNotRunning } from './find/running-stack.ts';
import { installLocalParts, serverParts } from './local-parts.ts';
import { readHosts, readPort } from './program/option-values.ts';
import { isQuiet, jsonOption, printJson } from './terminal/manners.ts';
import { describePartLine } from './terminal/part-log.ts';

interface LocalOptions extends Record<'pubsubPort' | 'bigqueryPort' | 'bigqueryGrpcPort', number> {
  data: string;
  memory: boolean;
  reset: boolean;
  allowHost: string[];
  json: boolean;
}

const defaultData = join('.tributary', 'local');

export function localCommand(): Command {
  const command = new Command('local').description(
    'run only the local Pub/Sub and BigQuery until Ctrl-C, for any program with a Google client',
  );
  for (const name of ['pubsub', 'bigquery', 'bigqueryGrpc'] as const) {
    const { title, option } = portNames[name];
    const flag = new Option(`${option} <port>`, `port of ${title}; 0: any free one`);
    command.addOption(flag.argParser(readPort).default(defaultPorts[name]));
  }
  return command
    .option('--data <folder>', 'folder for the messages and the tables', defaultData)
    .addOption(
      new Option('--memory', 'keep nothing: a temporary folder, deleted at the end')
        .conflicts(['data', 'reset'])
        .default(false, ''),
    )
    .option('--reset', 'delete what is in the data folder, and start empty', false)
    .addOption(
      new Option('--allow-host <name...>', 'host names, besides localhost, that are served')
        .argParser(readHosts)
        .default([], 'none'),
    )
    .addOption(jsonOption())
    .action(runLocal);
}

async function runLocal(options: LocalOptions): Promise<void> {
  const say = isQuiet() ? () => {} : console.error;
  installLocalParts(serverParts);
  const ports: ServerPorts = {
    pubsub: options.pubsubPort,
    bigquery: options.bigqueryPort,
    bigqueryGrpc: options.bigqueryGrpcPort,
  };
  await requireFree(ports);
  // Before anything is started, so that an early Ctrl-C leaves nothing either.
  const ended = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.resolve(signal));
  }
  const directory = await makeFolder(options, say);
  try {
    const servers = await startServers({
      ports,
      directory,
      allowHosts: options.allowHost,
      onLine: (part, line) => say(describePartLine(part, line, process.stderr)),
      onExit: (part, how) => ended.resolve(`${part} ended unexpectedly (${how})`),
    });
    announce(servers, options, say);
    const why = await ended.promise;
    await servers.stop();
    if (!why.startsWith('SIG')) throw new RelayError('part.ended', why);
    say(options.memory ? '\nStopped. Nothing is kept.' : `\nStopped. Kept in ${directory}.`);
  } finally {
    if (options.memory) rmSync(directory, { recursive: true, force: true });
  }
}

/** The folder of the data: private, this version's, and empty if that was asked for. */
async function makeFolder(
  { data, memory, reset }: LocalOptions,
  say: (text: string) => void,
): Promise<string> {
  if (memory) return mkdtempSync(join(tmpdir(), 'tributary-local-'));
  requireNotRunning(data);
  const tightened = makePrivateFolder(data);
  if (tightened) say(tightened);
  if (reset) await resetData(data);
  claimState(data);
  return data;
}

/** On standard output only what another program reads: lines for a shell, or one document. */
function announce({ ports }: Servers, options: LocalOptions, say: (text: string) => void): void {
  // Any project is served; a client refuses to start without one.
  const project = process.env['GOOGLE_CLOUD_PROJECT'] || 'local';
  const variables = { ...serverVariables(ports), GOOGLE_CLOUD_PROJECT: project };
  if (options.json) {
    const data = options.memory ? null : options.data;
    printJson({ ok: true, ports, data, variables });
    return;
  }
  const kept = options.memory ? 'nothing is kept' : `data: ${options.data}`;
  say(`Pub/Sub and BigQuery are ready (${kept}). Ctrl-C stops them.`);
  say('Paste these lines into the shell of your program:\n');
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${value}\n`);
  process.stdout.write(lines.join(''));
}
