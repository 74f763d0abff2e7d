import { portNames } from '../../local/parts/ports.ts';
import {
  type SendingSide,
  type SignedDelivery,
  sampleOf,
  signDelivery,
} from '../../local/samples/deliveries.ts';
import { historyStreams } from '../../local/samples/sender-apis.ts';
import { privateKeyName, type Secrets } from '../../local/secrets.ts';
import type { Stack } from '../../local/stack.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { secretPrefix } from '../../shared/config/secrets.ts';
import { hasKeyPair } from '../../shared/signatures/scheme.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { defaultState } from '../find/running-stack.ts';

export const defaultSecrets = '.dev.vars';

/** What `tributary start` prints of a stack that is ready. */
export interface Described {
  relay: Relay;
  stack: Pick<Stack, 'ports' | 'hasConsole'>;
  secrets: Secrets;
  /** The state folder and the secrets file, as options of the other commands. */
  files: { state: string; secrets: string };
  /** With one signed delivery of each stream, to paste. */
  curl: boolean;
}

/** Where the relay is ready, a line for each stream with a command to fill its table, and a query. */
export async function describeStack(described: Described): Promise<string> {
  const { relay, stack, files, curl } = described;
  const { edge, pubsub, bigquery } = stack.ports;
  const streams = [...relay.streams.values()];
  const lines = [
    consoleLine(stack),
    `The relay is ready at http://127.0.0.1:${edge} (Ctrl-C stops it).`,
    `Pub/Sub: 127.0.0.1:${pubsub}, BigQuery: http://127.0.0.1:${bigquery}`,
    '',
    ...(curl ? await curlLines(streams, described) : sendLines(streams, described)),
    ...queryLine(relay, streams, files),
    ...historyLines(described),
  ];
  return lines.join('\n');
}

function consoleLine({ ports, hasConsole }: Described['stack']): string {
  if (hasConsole) return `Open http://127.0.0.1:${ports.console} to see what arrives.`;
  const { option } = portNames.console;
  return `The console is not served: port ${ports.console} is taken. Stop what listens there, or choose another with ${option}.`;
}

function sendLines(streams: readonly RelayStream[], { secrets, files }: Described): string[] {
  const heads = streams.map(({ name, table }) => `${name} → ${table}`);
  const width = Math.max(...heads.map((head) => head.length));
  return streams.map((stream, index) => {
    const send = canSign(stream, secrets)
      ? `npx tributary send ${stream.name}${flagsOf(files)}`
      : `(only its sender can sign: ${stream.secrets[0]} is a public key)`;
    return `${heads[index]?.padEnd(width)}  ${send}`;
  });
}

/** The private key is there only if the key pair was made up here. */
function canSign(stream: RelayStream, secrets: Secrets): boolean {
  const [name = ''] = stream.secrets;
  return !hasKeyPair(schemeOf(stream)) || secrets[privateKeyName(name)] !== undefined;
}

async function curlLines(
  streams: readonly RelayStream[],
  { relay, stack, secrets }: Described,
): Promise<string[]> {
  const edge = `http://127.0.0.1:${stack.ports.edge}`;
  const lines: string[] = [];
  for (const stream of streams) {
    lines.push(`${stream.name} → ${relay.project}.${stream.table}`);
    lines.push(await describeDelivery(stream, { relay, secrets, edge, now: Date.now() }), '');
  }
  return lines.slice(0, -1);
}

function queryLine(
  { project }: Relay,
  [first]: readonly RelayStream[],
  { state }: Described['files'],
): string[] {
  if (!first) return [];
  const flag = state === defaultState ? '' : ` --state ${quote(state)}`;
  return ['', `npx tributary query 'SELECT * FROM \`${project}.${first.table}\` LIMIT 10'${flag}`];
}

/** Commands to paste for each stream with a history: they fetch yesterday's from the local sender. */
function historyLines({ relay, stack, files }: Described): string[] {
  const dayMs = 24 * 3_600_000;
  const [from, to] = [dayMs, 0].map((agoMs) => new Date(Date.now() - agoMs).toISOString());
  const range = `--from ${from?.slice(0, 10)} --to ${to?.slice(0, 10)}`;
  const lines = historyStreams(relay).flatMap((name) => {
    const url = `${secretPrefix(name)}_API_URL=http://127.0.0.1:${stack.ports.datanostro}`;
    return ['backfill', 'reconcile'].map(
      (command) => `${url} npx tributary ${command} ${name} ${range}${flagsOf(files)}`,
    );
  });
  return lines.length === 0
    ? []
    : ['', "Yesterday's events, which no webhook delivered:", '', ...lines];
}

/** Only those that differ from the defaults of the other commands. */
function flagsOf({ state, secrets }: Described['files']): string {
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
