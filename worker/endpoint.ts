import { type AddressBlock, parseBlock } from '../shared/addresses.ts';
import type { RelayStream } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { type EventTest, filterOf } from '../shared/filters/filter.ts';
import { isPathKey, type Scheme } from '../shared/signatures/scheme.ts';
import { schemeOf } from '../shared/signatures/schemes.ts';
import { withWindow } from '../shared/signatures/timestamp.ts';
import { edgeSides } from '../shared/sources/registry.ts';
import type { EdgeSide } from '../shared/sources/source.ts';
import type { Handshake } from './verify/handshakes/handshake.ts';
import { handshakes } from './verify/handshakes/handshakes.ts';

/** A stream with everything that can be looked up or compiled before a delivery arrives. */
export interface Endpoint {
  stream: RelayStream;
  source: EdgeSide;
  scheme: Scheme;
  passes: EventTest;
  handshake: Handshake | undefined;
  /** The methods that the endpoint takes. */
  methods: readonly string[];
  /** The addresses that may send; undefined if all may. */
  allowed: readonly AddressBlock[] | undefined;
  /** Is the last segment of the path a key? */
  keyed: boolean;
  acceptedStatus: 200 | 204;
  /** Does the sender want 4xx and filtered answers without a body? */
  bare: boolean;
}

/** @throws RelayError `config.invalid` if the filter has a problem: the edge must never drop what it can't judge */
export function openEndpoint(stream: RelayStream): Endpoint {
  const { passes, problems } = filterOf(stream);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `streams.${stream.name}.${path} ${message}`);
    throw new RelayError('config.invalid', list.join('\n'));
  }
  const handshake = stream.handshake && handshakes[stream.handshake];
  const scheme = schemeOf(stream);
  return {
    stream,
    source: edgeSides[stream.source],
    scheme: withWindow(scheme, stream.replayWindow),
    passes,
    handshake,
    methods: methodsOf(scheme, stream, handshake),
    allowed: stream.allowedAddresses?.flatMap((text) => parseBlock(text) ?? []),
    keyed: isPathKey(scheme),
    acceptedStatus: stream.acceptedStatus ?? handshake?.answers?.acceptedStatus ?? 204,
    bare: handshake?.answers?.bare ?? false,
  };
}

/** A console probes an endpoint with HEAD or GET before it uses the URL. It must show the key, if there is one. */
function methodsOf(scheme: Scheme, { acceptsGet }: RelayStream, handshake?: Handshake): string[] {
  const showsKey = 'at' in scheme;
  return [
    ...(showsKey || acceptsGet || handshake?.get ? ['GET'] : []),
    ...(showsKey || handshake?.head ? ['HEAD'] : []),
    ...(handshake?.options ? ['OPTIONS'] : []),
    'POST',
  ];
}
