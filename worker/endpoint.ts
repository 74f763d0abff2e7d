import type { RelayStream } from '../shared/config.ts';
import { type EventTest, filterOf } from '../shared/filters/filter.ts';
import type { Scheme } from '../shared/signatures/scheme.ts';
import { schemes } from '../shared/signatures/schemes.ts';
import type { Source } from '../shared/source.ts';
import { sources } from '../shared/sources/registry.ts';

/** A stream, ready for deliveries: all that can be looked up or compiled once, is. */
export interface Endpoint {
  stream: RelayStream;
  source: Source;
  scheme: Scheme;
  passes: EventTest;
  /** Do its deliveries show a key as the last segment of the path? */
  keyed: boolean;
}

export function openEndpoint(stream: RelayStream): Endpoint {
  return {
    stream,
    source: sources[stream.source],
    scheme: schemes[stream.scheme],
    passes: filterOf(stream).passes,
    keyed: stream.scheme === 'endpoint-key',
  };
}
