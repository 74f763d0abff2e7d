import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { Relay } from '../../../shared/config/config.ts';
import { accountSecret, edgeSecrets } from '../../../shared/config/secrets.ts';
import { RelayError } from '../../../shared/errors.ts';
import { readSecrets } from '../../find/secrets.ts';
import { isLoginProblem, problemIn, type Wrangler } from './wrangler.ts';

/** What the Worker of a relay reads, by name: the account's key, and each stream's secrets. */
export function workerSecrets(relay: Relay): string[] {
  const names = [...relay.streams.values()].flatMap((stream) => edgeSecrets(stream));
  return [...new Set([accountSecret, ...names])];
}

/**
 * The names of the secrets that Cloudflare has for the Worker; none where it was never deployed.
 *
 * @throws RelayError `wrangler.failed`, `wrangler.login`
 */
export async function listSecrets(wrangler: Wrangler, signal?: AbortSignal): Promise<string[]> {
  const result = await wrangler.run(['secret', 'list', '--format', 'json'], { signal });
  if (result.exitCode === 0) {
    const listed = JSON.parse(result.stdout) as { name: string }[];
    return listed.map(({ name }) => name);
  }
  if (/code: 10007|does not exist|not found/i.test(result.output)) return [];
  if (isLoginProblem(result)) {
    throw new RelayError(
      'wrangler.login',
      'wrangler has no access to Cloudflare: npx wrangler login, or set CLOUDFLARE_API_TOKEN',
    );
  }
  throw new RelayError('wrangler.failed', problemIn(result));
}

/** The values that this machine has, by name, and where each is from. */
export interface FoundSecrets {
  values: Record<string, string>;
  /** Names that are only in the secrets file of the local stack, with what it made for itself. */
  localOnly: string[];
}

/**
 * @param keyFile where `provision` left the account's key
 * @param file `.dev.vars`
 */
export function findSecrets(
  names: readonly string[],
  { file, keyFile }: { file: string; keyFile: string },
): FoundSecrets {
  const known = readSecrets(file);
  const found: FoundSecrets = { values: {}, localOnly: [] };
  for (const name of names) {
    const value = name === accountSecret ? readKey(keyFile, known[name]) : known[name];
    if (value?.trim()) found.values[name] = value;
    else if (known[name]) found.localOnly.push(name);
  }
  return found;
}

/** The local stack makes an account that exists nowhere; one of Google's names where its tokens are from. */
function readKey(keyFile: string, other: string | undefined): string | undefined {
  if (existsSync(keyFile)) return readFileSync(keyFile, 'utf8');
  return other?.includes('"token_uri"') ? other : undefined;
}

/** How each missing secret is set by hand. */
export function setSecretLines(names: readonly string[]): string[] {
  return names.map((name) =>
    name === accountSecret
      ? `npx tributary provision --rotate-key   # makes ${accountSecret}, which deploy sets`
      : `npx wrangler secret put ${name}`,
  );
}

/**
 * The values to set. A secret of `.dev.vars` may be one that was made for this machine alone: a person says that
 * it is the sender's.
 *
 * @throws RelayError `deploy.secrets` where any is left, `command.stopped`
 */
export async function chooseSecrets(
  lacking: readonly string[],
  values: Readonly<Record<string, string>>,
  { secrets: file, setSecrets }: { secrets: string; setSecrets: boolean },
): Promise<Record<string, string>> {
  const have = lacking.filter((name) => values[name] !== undefined);
  const asked = have.filter((name) => name !== accountSecret);
  const isTaken = asked.length === 0 || setSecrets || (await ask(asked, file));
  const taken = isTaken ? have : have.filter((name) => name === accountSecret);
  const missing = lacking.filter((name) => !taken.includes(name));
  if (missing.length > 0) {
    const hint =
      asked.length > 0 && !isTaken
        ? `\nOr take ${asked.join(', ')} from ${file}: npx tributary deploy --set-secrets`
        : '';
    throw new RelayError(
      'deploy.secrets',
      `Cloudflare lacks ${missing.join(', ')}:\n  ${setSecretLines(missing).join('\n  ')}${hint}`,
    );
  }
  return Object.fromEntries(taken.map((name) => [name, values[name] ?? '']));
}

/** @throws RelayError `command.stopped` on Ctrl-C */
async function ask(names: readonly string[], file: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  terminal.once('SIGINT', () => stop.abort());
  try {
    const question = `Cloudflare lacks ${names.join(', ')}. Are the values in ${file} those of the senders, and to be set? [y/N] `;
    return /^y(es)?$/i.test((await terminal.question(question, { signal: stop.signal })).trim());
  } catch (cause) {
    throw new RelayError('command.stopped', 'stopped: nothing was deployed', { cause });
  } finally {
    terminal.close();
  }
}
