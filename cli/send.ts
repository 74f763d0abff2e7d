import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { sampleOf, signBytes } from '../local/samples/deliveries.ts';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { hasKeyPair } from '../shared/signatures/scheme.ts';
import { nameOf, schemeOf } from '../shared/signatures/schemes.ts';
import { terminalLines } from '../shared/terminal-text.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import { addStateOption, findRunning } from './find/running-stack.ts';
import { readSecrets } from './find/secrets.ts';
import { findStream } from './find/stream.ts';
import { redactSecret } from './terminal/redact-secret.ts';

interface SendOptions {
  to?: string;
  contentType?: string;
  secret?: string;
  secrets: string;
  state: string;
}

/** No edge takes longer. */
const answerTimeoutMs = 60_000;

export function sendCommand(): Command {
  const command = new Command('send')
    .description(
      "sign a delivery as the stream's sender does, send it to the edge, and print the answer",
    )
    .argument('<stream>', 'stream to send to')
    .argument('[file]', 'file with the body, or - for standard input (default: a sample)')
    .option('--to <url>', 'URL of the edge (default: the edge of the local stack)')
    .option(
      '--content-type <type>',
      'content type of the body (default: JSON if it looks like JSON, else a form)',
    )
    .option(
      '--secret <name>',
      "variable with the signing secret, or with the private key (PKCS #8, base64) if the sender has a key pair (default: the stream's first secret)",
    )
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    );
  return addStateOption(command)
    .addHelpText(
      'after',
      '\nThe body is sent unchanged. Exceptions are Adyen, Braintree, Linear, Mailgun and Pusher, whose deliveries\ncarry their signature or time in the body: these members are set.',
    )
    .action(send);
}

async function send(name: string, file: string | undefined, options: SendOptions): Promise<void> {
  const relay = await loadRelay();
  const stream = findStream(relay, name);
  const edge = findEdge(options);
  const secret = readSecret(stream, options);
  const draft = file === undefined ? sampleOf(stream) : undefined;
  const body = draft ? new TextEncoder().encode(draft.body) : readBody(file ?? '-');
  const contentType = options.contentType ?? draft?.contentType ?? guessType(body);
  const side = { relay, now: Date.now(), edge, secret };
  const signed = await sign(stream, { body, contentType }, side);
  try {
    const response = await post(signed, contentType);
    // A proxy before the edge may quote the path, which may contain the key.
    process.stdout.write(terminalLines(redactSecret(await describe(response), secret)));
    if (!response.ok) process.exitCode = 1;
  } catch (cause) {
    // The URL is not shown, and in the message of fetch() the secret is redacted: both may contain the key.
    const problem = `${new URL(edge).origin} does not answer: ${redactSecret(reasonOf(cause), secret)}`;
    throw new RelayError('edge.unreachable', problem, { cause });
  }
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

function readSecret(stream: RelayStream, { secret, secrets }: SendOptions): string {
  if (secret === undefined && hasKeyPair(schemeOf(stream))) {
    const problem = `only the sender can sign for the stream "${stream.name}", with its private key`;
    throw new RelayError('secret.private', problem);
  }
  const name = secret ?? stream.secrets[0] ?? '';
  const value = readSecrets(secrets)[name];
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

async function post(
  { url, headers, body }: Awaited<ReturnType<typeof signBytes>>,
  contentType: string,
): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(answerTimeoutMs),
    headers: { 'content-type': contentType, ...headers },
    body,
  });
}

/** fetch() says only that it failed; the reason is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}

/** The status, the relay's own headers and the body, each on its own line. */
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
