import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { suggestion } from '../../shared/nearest-name.ts';

/** @throws RelayError `stream.unknown`, which names the streams of the config */
export function findStream(relay: Relay, name: string): RelayStream {
  const stream = relay.streams.get(name);
  if (stream) return stream;
  const known = [...relay.streams.keys()];
  const problem = `no stream "${name}"; there is: ${known.join(', ')}${suggestion(name, known)}`;
  throw new RelayError('stream.unknown', problem);
}
