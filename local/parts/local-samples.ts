import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { hasKeyPair } from '../../shared/signatures/scheme.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import type { SubscriberSettings } from '../../subscriber/main.ts';
import { sampleOf, signDelivery } from '../samples/deliveries.ts';
import type { Draft } from '../samples/drafts.ts';
import { findSamples } from '../samples/find-samples.ts';
import { privateKeyName, type Secrets } from '../secrets.ts';

type Samples = NonNullable<SubscriberSettings['samples']>;

/** What the console sends: here every secret is known, and the edge answers on this machine. */
export class LocalSamples implements Samples {
  readonly #relay: Relay;
  readonly #secrets: Secrets;
  #edge: string | undefined;

  constructor(relay: Relay, environment: NodeJS.ProcessEnv) {
    this.#relay = relay;
    this.#secrets = environment as Secrets;
  }

  /** The stack says where the edge is, when it has started. */
  hear(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('edge' in message)) return;
    if (typeof message.edge === 'string') this.#edge = message.edge;
  }

  edge(): string | undefined {
    return this.#edge;
  }

  events(stream: RelayStream): string[] {
    const found = findSamples(stream).map(({ event }) => event);
    return found.length > 0 ? found : [sampleOf(stream).event];
  }

  draft(stream: RelayStream, event: string | undefined) {
    const { body, contentType, headers } = sampleOf(stream, event === undefined ? {} : { event });
    return { body, contentType, headers };
  }

  async sign(stream: RelayStream, draft: Required<Draft>) {
    const edge = this.#edge;
    if (edge === undefined) throw new RelayError('edge.nowhere', 'the edge is still starting');
    const [name = ''] = stream.secrets;
    if (hasKeyPair(schemeOf(stream)) && this.#secrets[privateKeyName(name)] === undefined) {
      const message = `only the sender of "${stream.name}" can sign, with its private key`;
      throw new RelayError('secret.private', message);
    }
    const signed = await signDelivery(draft, stream, {
      relay: this.#relay,
      secrets: this.#secrets,
      edge,
      now: Date.now(),
    });
    return { ...signed, headers: signed.headers };
  }
}
