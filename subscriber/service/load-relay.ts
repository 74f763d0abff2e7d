import { pathToFileURL } from 'node:url';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { requireConfig } from './find-config.ts';

/**
 * Reads tributary.config.ts (see find-config.ts). Every program that runs on Node reads it here; the Worker has
 * it in its bundle.
 *
 * @throws RelayError `config.invalid`, `config.missing`, `config.no-relay`, or `config.moved` where the config
 *   imports a file of an older version
 */
export async function loadRelay(file = requireConfig()): Promise<Relay> {
  let config: { relay?: unknown };
  try {
    config = (await import(pathToFileURL(file).href)) as typeof config;
  } catch (error) {
    throw movedError(error as Error) ?? error;
  }
  if (isRelay(config.relay)) return config.relay;
  throw new RelayError('config.no-relay', `${file} does not export a relay`);
}

function isRelay(value: unknown): value is Relay {
  return typeof value === 'object' && value !== null && 'streams' in value;
}

/** How Node says that the config imports a missing file, or a missing name of a file. */
const missing = [
  /^Cannot find module '.*[\\/](shared[\\/][^'\\/][^']*)' imported from .*\.[cm]?[jt]s$/,
  /^The requested module '\.\/(shared\/[^']+)' does not provide an export/,
];

function movedError(cause: Error): RelayError | undefined {
  const path = missing.map((pattern) => pattern.exec(cause.message)?.[1]).find(Boolean);
  if (path === undefined) return undefined;
  const file = `./${path.replaceAll('\\', '/')}`;
  return new RelayError(
    'config.moved',
    `tributary.config.ts imports '${file}', which has moved: import from 'tributary-relay' instead`,
    { cause },
  );
}
