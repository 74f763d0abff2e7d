import { signBytes } from '../../local/samples/deliveries.ts';
import type { Relay } from '../../shared/config/config.ts';
import type { Envelope } from '../../shared/envelope.ts';
import { RelayError } from '../../shared/errors.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import {
  carriedHeaders,
  type ForwardedRequest,
  plainRequest,
  withQuery,
} from '../../subscriber/tail/forward.ts';
import { findSigningSecret } from '../find/secrets.ts';
import { redactSecret } from '../terminal/redact-secret.ts';

export interface ReceiverOptions {
  relay: Relay;
  /** Of the receiver; with `sign`, of an edge. */
  url: string;
  sign: boolean;
  /** The file of the secrets. */
  secrets: string;
  /** The URLs of the edge whose deliveries are followed. */
  ownEdges: readonly string[];
}

/**
 * Makes the request that carries a delivery to the receiver.
 *
 * @throws RelayError `tail.receiver` if the URL is none, or leads back to the relay that is followed
 */
export function receiverRequests(
  options: ReceiverOptions,
): (envelope: Envelope) => Promise<ForwardedRequest> {
  const url = URL.parse(options.url);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.hash !== '') {
    const problem = 'the receiver is an http or https URL, without a user and a fragment';
    throw new RelayError('tail.receiver', problem);
  }
  if (options.ownEdges.some((edge) => isSameOrigin(url, edge))) {
    const problem = `${url.origin} is the edge whose deliveries are followed: each one would come back for ever`;
    throw new RelayError('tail.receiver', problem);
  }
  return async (envelope) =>
    options.sign ? await signed(envelope, options) : plainRequest(envelope, options.url);
}

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function isSameOrigin(url: URL, edge: string): boolean {
  const own = URL.parse(edge);
  if (!own) return false;
  if (url.origin === own.origin) return true;
  const isHere = loopback.test(url.hostname) && loopback.test(own.hostname);
  return isHere && url.port === own.port && url.protocol === own.protocol;
}

/** As the sender of the stream would send it to the edge at this URL. */
async function signed(
  envelope: Envelope,
  { relay, url, secrets }: ReceiverOptions,
): Promise<ForwardedRequest> {
  const stream = relay.streams.get(envelope.stream);
  if (!stream) throw new Error(`the config has no stream "${envelope.stream}"`);
  const scheme = schemeOf(stream);
  const isGet = envelope.method !== undefined && envelope.method !== 'POST';
  if (isGet && !('at' in scheme))
    throw new Error(`a signed ${envelope.method} can't be made again`);
  const secret = findSigningSecret(stream, { secrets });
  const carried = carriedHeaders(envelope);
  const draft = {
    body: (isGet ? new Uint8Array() : envelope.body) as Uint8Array<ArrayBuffer>,
    contentType: envelope.contentType ?? '',
    headers: carried,
  };
  try {
    const edge = url.replace(/\/+$/, '');
    const made = await signBytes(draft, stream, { relay, edge, now: Date.now(), secret });
    const query = isGet ? new TextDecoder().decode(envelope.body) : (envelope.query ?? '');
    return {
      url: withQuery(made.url, query),
      method: envelope.method ?? 'POST',
      headers: made.headers,
      ...(!isGet && { body: made.body }),
    };
  } catch (error) {
    throw new Error(`it can't be signed: ${redactSecret((error as Error).message, secret)}`);
  }
}
