import { checkConfig } from '#config-check';
import type { Relay, RelayOptions, RelayStream, Stream } from './config.ts';
import { defaultSecret } from './secrets.ts';

/**
 * The streams that this relay serves, with the defaults filled in. In Node every problem is reported at once, with its
 * path. wrangler runs this check in Node before it bundles (`tributary check`), so the Worker need not contain the
 * checks, or run them each time an isolate starts.
 *
 * @throws RelayError `config.invalid`
 */
export function defineRelay(options: RelayOptions): Relay {
  checkConfig(options);
  return fillIn(options);
}

/** The same without the checks. */
export function fillIn(options: RelayOptions): Relay {
  const streams = Object.entries(options.streams).map(([name, stream]) => resolve(name, stream));
  const {
    project,
    location = 'EU',
    topic = 'tributary',
    subscription = 'tributary-bigquery',
    deadLetters = 'tributary.dead_letters',
    log = 'problems',
    refused,
    publicUrl,
    alerts,
  } = options;
  return {
    ...(alerts && { alerts }),
    ...(publicUrl && { publicUrl: publicUrl.replace(/\/+$/, '') }),
    project,
    location,
    topic,
    subscription,
    deadLetters,
    log,
    refused: { keep: 100, bodyBytes: 0, ...refused },
    streams: new Map(streams.map((stream) => [stream.name, stream])),
  };
}

function resolve(name: string, stream: Stream): RelayStream {
  return {
    maxBodyBytes: 1024 * 1024,
    publishBudgetMs: 2500,
    secrets: [defaultSecret(name, stream.scheme)],
    ...stream,
    name,
  };
}
