import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RelayError } from '../../../shared/errors.ts';
import { pinnedVersions } from '../../local-parts.ts';

/** Cloudflare's command line, as the project has it. */
export interface Wrangler {
  /** @param input for its standard input: a secret never stands in an argument */
  run(args: string[], options?: RunOptions): Promise<WranglerResult>;
}

interface RunOptions {
  input?: string;
  environment?: NodeJS.ProcessEnv;
  /** What it prints is shown as it comes, on this process's standard error. */
  isShown?: boolean;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

export interface WranglerResult {
  exitCode: number;
  stdout: string;
  /** Both streams, in the order in which they came. */
  output: string;
}

/** Undefined where neither the folder nor one above it has wrangler among its packages. */
export function findWrangler(folder: string): Wrangler | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const script = join(at, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
    if (existsSync(script)) return { run: (args, options) => run(script, args, folder, options) };
    if (dirname(at) === at) return undefined;
  }
}

/** @throws RelayError `wrangler.missing` */
export function requireWrangler(folder: string): Wrangler {
  const wrangler = findWrangler(folder);
  if (wrangler) return wrangler;
  throw new RelayError(
    'wrangler.missing',
    `${folder} has no wrangler, which deploys the Worker: ${installWrangler()}`,
  );
}

/** The command that installs the version that this version of Tributary was tested with. */
export function installWrangler(): string {
  return `npm install --save-dev --save-exact wrangler@${pinnedVersions()['wrangler']}`;
}

/** Run by this Node: what stands in node_modules/.bin would take whichever the PATH has. */
async function run(
  script: string,
  args: string[],
  cwd: string,
  { input, environment, isShown = false, signal }: RunOptions = {},
): Promise<WranglerResult> {
  const child = spawn(process.execPath, ['--no-warnings', script, ...args], {
    cwd,
    signal,
    stdio: ['pipe', 'pipe', 'pipe'],
    // What it prints is read: at any other level of its log something is missing.
    env: { ...process.env, WRANGLER_LOG: 'log', WRANGLER_SEND_METRICS: 'false', ...environment },
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
    if (isShown) process.stderr.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (isShown) process.stderr.write(text);
  });
  // It may end before it has read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { exitCode, stdout, output };
}

/** What went wrong, of all that it printed: its errors, without colours, frames and advice. */
export function problemIn({ output }: WranglerResult): string {
  const lines = output
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken away
    .replace(/\u001b\[[\d;]*m/g, '')
    .split('\n')
    .map((line) => line.trim());
  const filled = lines.filter((line) => line !== '');
  const at = filled.findLastIndex((line) => isError.test(line));
  if (at < 0) return filled.at(-1) ?? 'it ended without a word';
  // What Cloudflare says of a request stands below, with a code.
  const [first = '', second = ''] = filled.slice(at);
  return `${first.replace(isError, '')} ${second.includes('[code:') ? second : ''}`.trim();
}

const isError = /^(?:✘ )?\[?ERROR\]?\s*/;

/** Is it that nobody is logged in, or may not? */
export function isLoginProblem({ output }: WranglerResult): boolean {
  return /CLOUDFLARE_API_TOKEN|not authenticated|not logged in|wrangler login|Authentication error|code: 10000/i.test(
    output,
  );
}
