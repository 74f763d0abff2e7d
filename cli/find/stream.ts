import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';

/** @throws RelayError `stream.unknown`, which names the streams of the config */
export function findStream(relay: Relay, name: string): RelayStream {
  const stream = relay.streams.get(name);
  if (stream) return stream;
  const known = [...relay.streams.keys()].join(', ');
  throw new RelayError('stream.unknown', `no stream "${name}"; there is: ${known}`);
}
