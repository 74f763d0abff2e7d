import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import * as presets from '../../shared/sources/presets.ts';
import * as commerce from './senders/commerce.ts';
import * as developerTools from './senders/developer-tools.ts';
import * as marketing from './senders/marketing.ts';
import * as messaging from './senders/messaging.ts';
import * as office from './senders/office.ts';
import * as paymentServices from './senders/payment-services.ts';
import * as payments from './senders/payments.ts';
import * as platforms from './senders/platforms.ts';
import type { Moment, SenderSamples } from './senders/sample.ts';
import * as social from './senders/social.ts';
import * as standards from './senders/standards.ts';

/** By the name of the preset, or of the source. */
export const senderSamples: Readonly<Record<string, SenderSamples>> = {
  ...commerce,
  ...developerTools,
  ...marketing,
  ...messaging,
  ...office,
  ...payments,
  ...paymentServices,
  ...platforms,
  ...social,
  ...standards,
};

/** One sample of a sender. */
export interface FoundSample {
  sender: string;
  /** As `--event` takes it. */
  event: string;
  headers(at: Moment): Record<string, string>;
  body(at: Moment): unknown;
}

/**
 * The samples of a stream's sender, the usual one first; none where the config describes a sender of its own. Some
 * presets differ in nothing but their name (Svix and Resend, Meta and WhatsApp): then it is looked for in the names of
 * the stream and of its table, and the samples of all of them are found.
 */
export function findSamples(stream: RelayStream): FoundSample[] {
  const found = new Map<string, FoundSample>();
  for (const sender of sendersOf(stream)) {
    const { events = {}, headers } = senderSamples[sender] ?? {};
    for (const [event, body] of Object.entries(events)) {
      if (found.has(event)) continue;
      found.set(event, { sender, event, body, headers: (at) => headers?.(at, event) ?? {} });
    }
  }
  return [...found.values()];
}

/** @throws RelayError `delivery.event`, which names the events that there are */
export function unknownEvent(stream: RelayStream, event: string): RelayError {
  const known = findSamples(stream).map((sample) => sample.event);
  return new RelayError(
    'delivery.event',
    `there is no sample "${event}" for the stream "${stream.name}"; there are: ${known.join(', ')}`,
  );
}

/** What a preset says of the shape of deliveries. */
const shape = ['event', 'id', 'time', 'each', 'body'] as const;

/** Of presets that are alike, the ones that come first. */
const general = new Set(['meta', 'standardWebhooks', 'svix']);

function sendersOf(stream: RelayStream): string[] {
  if (stream.source !== 'generic') return [stream.source];
  const alike = Object.entries(presets).flatMap(([name, make]) => {
    const preset = make({ table: 'a.b' });
    const said = shape.filter((option) => preset[option] !== undefined);
    const equal = said.filter((option) => isSame(preset[option], stream[option])).length;
    // Without a scheme of its own, only the shape shows the sender.
    const isOwn =
      preset.scheme === 'endpoint-key'
        ? equal === said.length
        : isSame(preset.scheme, stream.scheme);
    return isOwn ? [{ name, equal }] : [];
  });
  const most = Math.max(...alike.map(({ equal }) => equal));
  return alike
    .filter(({ equal }) => equal === most)
    .map(({ name }) => name)
    .sort((a, b) => rank(a, stream) - rank(b, stream));
}

function rank(preset: string, { name, table }: RelayStream): number {
  if (`${name} ${table}`.toLowerCase().includes(preset.toLowerCase())) return 0;
  return general.has(preset) ? 1 : 2;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
