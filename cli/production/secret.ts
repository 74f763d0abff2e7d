import { readFileSync } from 'node:fs';
import { isCancel, password } from '@clack/prompts';
import { Command, InvalidArgumentError } from 'commander';
import type { RelayStream } from '../../shared/config/config.ts';
import { edgeSecrets } from '../../shared/config/secrets.ts';
import { RelayError } from '../../shared/errors.ts';
import { terminalText } from '../../shared/terminal-text.ts';
import { projectFolder } from '../../subscriber/service/find-config.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { readSecretsFile } from '../find/secrets.ts';
import { findStream } from '../find/stream.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { openSecretStore, type SecretStore } from './cloudflare/secret-store.ts';
import { requireWrangler } from './cloudflare/wrangler.ts';
import {
  readGiven,
  type SecretPlaces,
  type SecretReport,
  type SecretState,
  storeSecret,
} from './secret/places.ts';
import { retire } from './secret/retire.ts';
import { rotate } from './secret/rotate.ts';

interface SecretOptions {
  stdin: boolean;
  show: boolean;
  name?: string;
  localOnly: boolean;
  days: number;
  force: boolean;
  secrets: string;
  json: boolean;
}

/** As a shell reports a program that Ctrl-C ended. */
const interrupted = 130;

export function secretCommand(): Command {
  return new Command('secret')
    .description(
      'generate, set, show, rotate or retire the secret of a stream, here and at Cloudflare',
    )
    .argument('<stream>', 'stream whose sender has the secret')
    .argument(
      '[step...]',
      'rotate: add a new one beside it; retire <name>: delete one that nothing matches any longer',
    )
    .option('--stdin', 'read the secret that the sender issued from standard input', false)
    .option('--show', 'print the secrets that this machine has', false)
    .option('--name <name>', 'secret to set or show (default: the newest, or all)')
    .option('--local-only', 'leave Cloudflare as it is', false)
    .option('--days <n>', 'retire: how long it must not have matched', parseDays, 3)
    .option('--force', 'replace a live secret, or retire one without evidence', false)
    .option('--secrets <file>', 'file with the secrets of this machine', '.dev.vars')
    .addOption(jsonOption())
    .action(secret);
}

async function secret(
  streamName: string,
  words: string[],
  options: SecretOptions,
  command: Command,
): Promise<void> {
  const [action, name, ...more] = words;
  if (action !== undefined && action !== 'rotate' && action !== 'retire') {
    command.error(`error: there is no step '${action}': rotate, retire`);
  }
  if (action === 'retire' && name === undefined) {
    command.error(`error: name the secret: tributary secret ${streamName} retire <name>`);
  }
  if (more.length > 0 || (action !== 'retire' && name !== undefined)) {
    command.error(
      `error: ${action} takes no more words: ${words.slice(action === 'retire' ? 2 : 1).join(' ')}`,
    );
  }
  const relay = await loadRelay();
  const stream = findStream(relay, streamName);
  if (options.show) {
    show(stream, options);
    return;
  }
  const places = openPlaces(options);
  const report =
    action === 'rotate'
      ? await rotate(relay, stream, (added) => askGiven(stream, added, options), places)
      : action === 'retire'
        ? await retire(relay, stream, { ...options, name: name ?? '' }, places)
        : await complete(stream, options, places);
  print(report, options);
  if (!report.done) process.exitCode = 1;
}

/** Sets what is missing, here and there; with `--stdin` one secret, to what is given. */
async function complete(
  stream: RelayStream,
  options: SecretOptions,
  places: SecretPlaces,
): Promise<SecretReport> {
  const known = readSecretsFile(places.file);
  const names = options.stdin ? [nameIn(stream, options)] : namesIn(stream, options);
  const secrets: SecretState[] = [];
  for (const name of names) {
    const given = await askGiven(stream, name, options);
    if (given !== undefined && !options.force) await requireNotLive(stream, name, places.store);
    secrets.push(await storeSecret(stream, name, { given, known: known[name] }, places));
  }
  const next = secrets.some(({ here }) => here === 'generated')
    ? [
        `give it to the sender: npx tributary secret ${stream.name} --show`,
        `or, if the sender issues it (as Stripe does): npx tributary secret ${stream.name} --stdin`,
      ]
    : [];
  return { stream: stream.name, done: true, secrets, next };
}

/** @throws RelayError `secret.live` */
async function requireNotLive(
  { name: stream }: RelayStream,
  name: string,
  store: SecretStore | undefined,
): Promise<void> {
  if (!(await store?.names())?.includes(name)) return;
  const problem = `${name} is set at Cloudflare already: if it is replaced, deliveries with the old one are refused`;
  throw new RelayError('secret.live', `${problem} (npx tributary secret ${stream} rotate --stdin)`);
}

function namesIn(stream: RelayStream, { name }: SecretOptions): readonly string[] {
  const names = edgeSecrets(stream);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  const problem = `${name} is not a secret of the stream "${stream.name}", which has ${names.join(', ')}`;
  throw new RelayError('secret.unknown', problem);
}

function nameIn(stream: RelayStream, options: SecretOptions): string {
  return namesIn(stream, options)[0] ?? '';
}

/** The only output of a secret. What `rotate` added is in no config yet. */
function show(stream: RelayStream, options: SecretOptions): void {
  const { secrets: file, name, json } = options;
  const known = readSecretsFile(file);
  const isAdded = name?.startsWith(`${stream.secrets[0]?.replace(/_\d+$/, '')}_`);
  const names = isAdded && name !== undefined ? [name] : namesIn(stream, options);
  const values = names.map((each) => ({ name: each, value: known[each] ?? '' }));
  const missing = values.filter(({ value }) => value === '').map((each) => each.name);
  if (missing.length > 0) {
    throw new RelayError('secret.missing', `${missing.join(', ')} is not in ${file}`);
  }
  if (json) printJson({ stream: stream.name, secrets: values });
  else {
    const lines = values.map((each) => `${each.name}=${terminalText(each.value)}\n`);
    process.stdout.write(lines.join(''));
  }
}

function openPlaces({ localOnly, secrets: file }: SecretOptions): SecretPlaces {
  const folder = projectFolder();
  if (localOnly) return { folder, file };
  return { folder, file, store: openSecretStore(requireWrangler(folder)) };
}

async function askGiven(
  stream: RelayStream,
  name: string,
  { stdin }: SecretOptions,
): Promise<string | undefined> {
  if (!stdin) return undefined;
  return await readGiven(stream, name, await readInput(name));
}

async function readInput(name: string): Promise<string> {
  if (!process.stdin.isTTY) return readFileSync(0, 'utf8');
  const answer = await password({ message: `${name} (not shown):`, output: process.stderr });
  if (!isCancel(answer)) return answer;
  process.stderr.write('Stopped: nothing was set.\n');
  process.exit(interrupted);
}

function print(
  { stream, done, secrets, next }: SecretReport,
  { json, secrets: file }: SecretOptions,
) {
  if (json) {
    printJson({ stream, done, secrets, next });
    return;
  }
  const lines = secrets.map(({ name, here, cloudflare }) => {
    const there = cloudflare === undefined ? '' : `, ${cloudflare} at Cloudflare`;
    return `${name}: ${here} in ${file}${there}`;
  });
  const steps = next.map((step, index) => `  ${index + 1}. ${step}`);
  if (steps.length > 0) lines.push('', done ? 'Next:' : 'First:', ...steps);
  process.stdout.write(`${lines.map(terminalText).join('\n')}\n`);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 90) return days;
  throw new InvalidArgumentError('It must be a whole number from 1 to 90.');
}
