import { pathToFileURL } from 'node:url';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { requireConfig } from './find-config.ts';

/**
 * Reads tributary.config.ts (see find-config.ts). Every program that runs on Node reads it here; the Worker has
 * it in its bundle.
 *
 * @throws RelayError `config.invalid`, `config.missing`, `config.no-relay`, `config.broken` where it can't be run, or
 *   `config.moved` where it imports a file of an older version
 */
export async function loadRelay(file = requireConfig()): Promise<Relay> {
  return await importRelay(file, pathToFileURL(file).href);
}

let readings = 0;

/** The same where the file may have changed since this process read it; what it imports is not read again. */
export async function reloadRelay(file: string): Promise<Relay> {
  readings += 1;
  return await importRelay(file, `${pathToFileURL(file).href}?reading=${readings}`);
}

async function importRelay(file: string, url: string): Promise<Relay> {
  let config: { relay?: unknown };
  try {
    config = (await import(url)) as typeof config;
  } catch (error) {
    if (error instanceof RelayError) throw error;
    throw movedError(error) ?? brokenError(file, error);
  }
  if (isRelay(config.relay)) return config.relay;
  const exported = Object.keys(config).filter((name) => /^(?!default$)\w+$/.test(name));
  const instead = exported.length === 0 ? '' : `; it exports ${exported.join(', ')}`;
  throw new RelayError('config.no-relay', `${file} does not export "relay"${instead}`);
}

function isRelay(value: unknown): value is Relay {
  return typeof value === 'object' && value !== null && 'streams' in value;
}

/** How Node says that the config imports a missing file, or a missing name of a file. */
const missing = [
  /^Cannot find module '.*[\\/](shared[\\/][^'\\/][^']*)' imported from .*\.[cm]?[jt]s$/,
  /^The requested module '\.\/(shared\/[^']+)' does not provide an export/,
];

function movedError(cause: unknown): RelayError | undefined {
  const { message } = cause instanceof Error ? cause : new Error(String(cause));
  const path = missing.map((pattern) => pattern.exec(message)?.[1]).find(Boolean);
  if (path === undefined) return undefined;
  const file = `./${path.replaceAll('\\', '/')}`;
  return new RelayError(
    'config.moved',
    `tributary.config.ts imports '${file}', which has moved: import from 'tributary-relay' instead`,
    { cause },
  );
}

/** A syntax error, a package that is not installed, or an exception of the config's own code. */
function brokenError(file: string, cause: unknown): RelayError {
  const { message, stack } = cause instanceof Error ? cause : new Error(String(cause));
  const line = lineIn(file, stack ?? '');
  const place = line === undefined ? file : `${file}:${line}`;
  const [first = ''] = message.trim().split('\n');
  return new RelayError('config.broken', `${place}: ${first}`, { cause });
}

/** The line of the config that a stack names first. */
function lineIn(file: string, stack: string): number | undefined {
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(name);
    const [, line] =
      /^(?:\?[^:\n]*)?:(\d+)/.exec(at < 0 ? '' : stack.slice(at + name.length)) ?? [];
    if (line !== undefined) return Number(line);
  }
  return undefined;
}
