import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';

/**
 * Reads tributary.config.ts. Every program that runs on Node reads it here; the Worker has it in its bundle.
 *
 * @throws RelayError `config.invalid`, or `config.moved` where the config imports a file of an older version
 */
export async function loadRelay(
  load: () => Promise<{ relay: Relay }> = () => import('../../tributary.config.ts'),
): Promise<Relay> {
  try {
    const { relay } = await load();
    return relay;
  } catch (error) {
    throw movedError(error as Error) ?? error;
  }
}

/** How Node says that the config imports a missing file, or a missing name of a file. */
const missing = [
  /^Cannot find module '.*[\\/](shared[\\/][^'\\/][^']*)' imported from .*tributary\.config\.[jt]s$/,
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
