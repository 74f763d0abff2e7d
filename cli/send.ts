import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { sampleOf, signBytes } from '../local/samples/deliveries.ts';
import { hasKeyPair } from '../local/secrets.ts';
import type { RelayStream } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { schemes } from '../shared/signatures/schemes.ts';
import { terminalLines } from '../shared/terminal-text.ts';
import { relay } from '../tributary.config.ts';
import { findStream } from './find-stream.ts';
import { findRunning } from './running.ts';
import { readSecretsOver } from './secrets-file.ts';
import { hideSecret } from './terminal/hide-secret.ts';

interface SendOptions {
  to?: string;
  contentType?: string;
  secret?: string;
  secrets: string;
  state: string;
}

/** Longer than any edge takes: past it, nobody is there. */
const answerWithinMs = 60_000;

export function sendCommand(): Command {
  return new Command('send')
    .description(
      "sign a delivery as the stream's sender would, send it to the edge, and print its answer",
    )
    .argument('<stream>', 'the stream that it is for')
    .argument('[file]', 'the body, as it is, or - for standard input (default: a sample)')
    .option('--to <url>', 'the edge (default: the one that runs here)')
    .option('--content-type <type>', 'of the body (default: JSON if it begins so, else a form)')
    .option(
      '--secret <name>',
      "the variable that holds the signing secret, or the private key (PKCS #8, base64) where the sender has a key pair (default: the stream's first)",
    )
    .option('--secrets <file>', 'where secrets are, if not in the environment', '.dev.vars')
    .option('--state <folder>', 'the state of the local stack', '.tributary')
    .addHelpText(
      'after',
      '\nA body is sent as it is, but for senders that sign or tell the time in it (Adyen, Linear, Mailgun,\nPusher): there these members are set.',
    )
    .action(send);
}

async function send(name: string, file: string | undefined, options: SendOptions): Promise<void> {
  const stream = findStream(relay, name);
  const edge = findEdge(options);
  const secret = readSecret(stream, options);
  const draft = file === undefined ? sampleOf(stream) : undefined;
  const body = draft ? new TextEncoder().encode(draft.body) : readBody(file ?? '-');
  const contentType = options.contentType ?? draft?.contentType ?? guessType(body);
  const signed = await sign(stream, { body, contentType }, { edge, secret });
  try {
    const response = await post(signed, contentType);
    // A page of whoever stands before the edge may quote the path, and with it the key.
    process.stdout.write(terminalLines(hideSecret(await describe(response), secret)));
    if (!response.ok) process.exitCode = 1;
  } catch (cause) {
    // Neither the URL nor what fetch() says of it: a key may stand in both.
    const problem = `${new URL(edge).origin} does not answer: ${hideSecret(reasonOf(cause), secret)}`;
    throw new RelayError('edge.unreachable', problem, { cause });
  }
}

function findEdge({ to, state }: SendOptions): string {
  if (to !== undefined) {
    if (isEdge(URL.parse(to))) return to.trim().replace(/\/+$/, '');
    const problem =
      '--to takes the URL of an edge, without a user, a query or a fragment: https://…';
    throw new RelayError('edge.invalid', problem);
  }
  const running = findRunning(state);
  if (running) return `http://127.0.0.1:${running.ports.edge}`;
  const problem = `no relay runs on ${state}: start one with \`npm start\`, or name an edge with --to`;
  throw new RelayError('edge.nowhere', problem);
}

/** With a user fetch() takes none; the stream's name is put at its end. */
function isEdge(url: URL | null): boolean {
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return url.username + url.password + url.search + url.hash === '' && !/[?#]$/.test(url.href);
}

function readSecret(stream: RelayStream, { secret, secrets }: SendOptions): string {
  if (secret === undefined && hasKeyPair(schemes[stream.scheme])) {
    const problem = `only its sender can sign for "${stream.name}", with a private key: name the variable that holds one with --secret`;
    throw new RelayError('secret.private', problem);
  }
  const name = secret ?? stream.secrets[0] ?? '';
  const value = readSecretsOver(secrets)[name];
  if (value) return value;
  const problem = `${name} is neither in the environment nor in ${secrets}`;
  throw new RelayError('secret.missing', problem);
}

function readBody(file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(file === '-' ? 0 : file));
  } catch (cause) {
    const problem = `${file} can't be read: ${(cause as Error).message}`;
    throw new RelayError('body.unreadable', problem, { cause });
  }
}

function guessType(body: Uint8Array): string {
  const first = new TextDecoder().decode(body.subarray(0, 64)).trimStart()[0] ?? '';
  return '{["'.includes(first) ? 'application/json' : 'application/x-www-form-urlencoded';
}

async function sign(
  stream: RelayStream,
  draft: { body: Uint8Array<ArrayBuffer>; contentType: string },
  side: { edge: string; secret: string },
) {
  try {
    return await signBytes(draft, stream, { relay, now: Date.now(), ...side });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const reason = hideSecret(cause.message, side.secret);
    const problem = `this can't be signed as "${stream.scheme}": ${reason}`;
    throw new RelayError('delivery.unsignable', problem, { cause });
  }
}

async function post(
  { url, headers, body }: Awaited<ReturnType<typeof signBytes>>,
  contentType: string,
): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(answerWithinMs),
    headers: { 'content-type': contentType, ...headers },
    body,
  });
}

/** fetch() says only that it failed; why stands in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}

/** The status, the relay's own headers and the body, each on a line. */
async function describe(response: Response): Promise<string> {
  const { status, statusText, headers } = response;
  const own = [...headers].filter(
    ([name]) => name.startsWith('tributary-') || name === 'retry-after',
  );
  const lines = [
    `${status} ${statusText}`.trimEnd(),
    ...own.map(([name, value]) => `${name}: ${value}`),
    (await response.text()).trimEnd(),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
