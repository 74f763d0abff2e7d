import type { RelayStream } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { type EventTest, filterOf } from '../shared/filters/filter.ts';
import type { Scheme } from '../shared/signatures/scheme.ts';
import { schemes } from '../shared/signatures/schemes.ts';
import { withWindow } from '../shared/signatures/timestamp.ts';
import { edgeSides } from '../shared/sources/registry.ts';
import type { EdgeSide } from '../shared/sources/source.ts';
import { handshakes } from './verify/handshakes/table.ts';

/** A stream, ready for deliveries: all that can be looked up or compiled once, is. */
export interface Endpoint {
  stream: RelayStream;
  source: EdgeSide;
  scheme: Scheme;
  passes: EventTest;
  /** Do its deliveries show a key as the last segment of the path? */
  keyed: boolean;
  acceptedStatus: 200 | 204;
  /** Does its sender's console want answers with nothing in them? */
  bare: boolean;
}

/** @throws RelayError `config.invalid`: what a filter can't tell must not be dropped in silence */
export function openEndpoint(stream: RelayStream): Endpoint {
  const { passes, problems } = filterOf(stream);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `streams.${stream.name}.${path} ${message}`);
    throw new RelayError('config.invalid', list.join('\n'));
  }
  const asked = stream.handshake && handshakes[stream.handshake].answers;
  return {
    stream,
    source: edgeSides[stream.source],
    scheme: withWindow(schemes[stream.scheme], stream.replayWindow),
    passes,
    keyed: stream.scheme === 'endpoint-key',
    acceptedStatus: stream.acceptedStatus ?? asked?.acceptedStatus ?? 204,
    bare: asked?.bare ?? false,
  };
}
