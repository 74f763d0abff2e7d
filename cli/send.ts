import { Command, InvalidArgumentError, Option } from 'commander';
import { sampleOf, signBytes } from '../local/samples/deliveries.ts';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { nameOf } from '../shared/signatures/schemes.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import { editBody, guessType, readBody } from './deliveries/delivery-body.ts';
import { type Answer, answersJson, answersText, post } from './deliveries/edge-answer.ts';
import { readHeaders } from './deliveries/headers.ts';
import { listEvents } from './deliveries/list-events.ts';
import { runPaced } from './deliveries/paced.ts';
import { addStateOption, findRunning } from './find/running-stack.ts';
import { findSigningSecret } from './find/secrets.ts';
import { findStream } from './find/stream.ts';
import { jsonOption } from './terminal/manners.ts';
import { redactSecret } from './terminal/redact-secret.ts';

interface SendOptions {
  to?: string;
  event?: string;
  listEvents: boolean;
  set: string[];
  header: string[];
  count: number;
  rate?: number;
  contentType?: string;
  secret?: string;
  secrets: string;
  state: string;
  json: boolean;
}

/** Enough for any rate that a laptop reaches. */
const atOnce = 32;

export function sendCommand(): Command {
  const command = new Command('send')
    .description(
      "sign a delivery as the stream's sender does, send it to the edge, and print the answer",
    )
    .argument('<stream>', 'stream to send to')
    .argument('[file]', 'file with the body, or - for standard input (default: a sample)')
    .option('--event <name>', "one of the sender's sample events")
    .option('--list-events', 'print the sample events, and send nothing', false)
    .addOption(repeated('--set <path=value>', 'set a value in the body: $.data.object.amount=500'))
    .addOption(repeated('--header <name: value>', 'add a header, or replace one of the sample'))
    .addOption(
      new Option('--count <n>', 'number of deliveries; each sample has ids of its own')
        .argParser(readCount)
        .default(1),
    )
    .addOption(
      new Option(
        '--rate <n/s>',
        'how many a second (or 90/m) (default: as fast as it goes)',
      ).argParser(readRate),
    )
    .option('--to <url>', 'URL of the edge (default: the edge of the local stack)')
    .option(
      '--content-type <type>',
      'content type of the body (default: JSON or XML if it looks so, else a form)',
    )
    .option(
      '--secret <name>',
      "variable with the signing secret, or with the private key (PKCS #8, base64) if the sender has a key pair (default: the stream's first secret)",
    )
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .addOption(jsonOption());
  return addStateOption(command)
    .addHelpText(
      'after',
      '\nThe body of a file is sent unchanged. Exceptions are what --set names, and Adyen,\nBraintree, Linear, Mailgun and Pusher, whose deliveries carry their signature or\ntime in the body: these members are set.',
    )
    .action(send);
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], 'none');
}

async function send(
  name: string,
  file: string | undefined,
  options: SendOptions,
  command: Command,
): Promise<void> {
  const relay = await loadRelay();
  const stream = findStream(relay, name);
  if (options.listEvents) {
    process.stdout.write(listEvents(stream, options.json));
    return;
  }
  if (file !== undefined && options.event !== undefined) {
    command.error('error: --event chooses a sample, and a file is given');
  }
  const edge = findEdge(options);
  const secret = findSigningSecret(stream, options);
  const makeDraft = draftMaker(stream, file, options);
  const answers: Answer[] = [];
  await runPaced(
    options.count,
    async () => {
      const draft = makeDraft();
      const signed = await sign(stream, draft, { relay, now: Date.now(), edge, secret });
      const headers = { 'content-type': draft.contentType, ...signed.headers, ...draft.last };
      answers.push(await post({ ...signed, headers }, edge, secret));
    },
    { perSecond: options.rate, atOnce },
  );
  process.stdout.write(options.json ? answersJson(answers) : answersText(answers));
  if (answers.some(({ status }) => status >= 300)) process.exitCode = 1;
}

interface Draft {
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
  headers: Record<string, string>;
  /** What `--header` says: it also replaces what the signature adds. */
  last: Record<string, string>;
}

/** Each sample has new ids; a file is read once. */
function draftMaker(
  stream: RelayStream,
  file: string | undefined,
  { event, set, header, contentType }: SendOptions,
): () => Draft {
  const last = readHeaders(header);
  const declared = contentType ?? last['content-type'];
  if (file !== undefined) {
    const body = editBody(readBody(file), set);
    const draft = { body, contentType: declared ?? guessType(body), headers: last, last };
    return () => draft;
  }
  return () => {
    const sample = sampleOf(stream, event === undefined ? {} : { event });
    const text = new TextEncoder().encode(sample.body) as Uint8Array<ArrayBuffer>;
    return {
      body: editBody(text, set),
      contentType: declared ?? sample.contentType,
      headers: { ...sample.headers, ...last },
      last,
    };
  };
}

function findEdge({ to, state }: SendOptions): string {
  if (to !== undefined) {
    if (isEdge(URL.parse(to))) return to.trim().replace(/\/+$/, '');
    const problem = '--to takes the URL of an edge, without user, query and fragment: https://…';
    throw new RelayError('edge.invalid', problem);
  }
  const running = findRunning(state);
  if (running) return `http://127.0.0.1:${running.ports.edge}`;
  throw new RelayError('edge.nowhere', `no local relay is running on ${state}`);
}

/** fetch() refuses a URL with a user; the name of the stream is appended to the URL. */
function isEdge(url: URL | null): boolean {
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return url.username + url.password + url.search + url.hash === '' && !/[?#]$/.test(url.href);
}

async function sign(
  stream: RelayStream,
  draft: Draft,
  side: { relay: Relay; now: number; edge: string; secret: string },
) {
  try {
    return await signBytes(draft, stream, side);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const reason = redactSecret(cause.message, side.secret);
    const problem = `the body can't be signed with the scheme ${nameOf(stream.scheme)}: ${reason}`;
    throw new RelayError('delivery.unsignable', problem, { cause });
  }
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a count is a whole number from 1 to 9999999');
}

function readRate(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,5}(?:\.\d{1,3})?)(?:\/([sm]))?$/.exec(text) ?? [];
  const rate = Number(digits) / (unit === 'm' ? 60 : 1);
  if (rate > 0) return rate;
  throw new InvalidArgumentError('a rate is a number a second or a minute: 50/s, 90/m');
}
