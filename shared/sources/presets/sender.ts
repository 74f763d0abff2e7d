import type { HandshakeFor, Stream, StreamOptions } from '../../config/config.ts';
import type { EventShape } from '../../config/event-shape.ts';
import type { SchemeName, TokenSchemeChoice, TokenSchemeName } from '../../signatures/schemes.ts';
import { generic } from '../generic.ts';

/** A stream can override what its preset says, such as `event` where the sender lets its user choose the name. */
export interface PresetOptions<Scheme extends SchemeName = SchemeName>
  extends Omit<StreamOptions, 'handshake'>,
    EventShape {
  /** The handshake that the sender's console asks for. `braintree`, `x` and `zoom` are for the presets of that name. */
  handshake?: HandshakeFor<Scheme>;
}

/** For senders that sign nothing. */
export interface TokenPresetOptions extends Omit<PresetOptions<TokenSchemeName>, 'replayWindow'> {
  /** How the sender shows its secret. By default an unguessable key ends the endpoint's path. */
  scheme?: TokenSchemeChoice;
}

export type SenderRow<Scheme extends SchemeName> = EventShape &
  Pick<StreamOptions, 'publishBudgetMs' | 'acceptsGet' | 'maxBodyBytes'> & {
    scheme: Scheme;
    acceptedStatus?: 200;
  };

/** For senders whose documentation asks for a 200. Some send again after any other answer. */
export const only200 = { acceptedStatus: 200 } as const;

/** For senders that wait only this long for an answer: there must be time left for overflow. */
export const waits = {
  oneSecond: { publishBudgetMs: 500 },
  threeSeconds: { publishBudgetMs: 1500 },
};

/** For senders whose deliveries may be larger than a message: the largest size that a message can carry. */
export const largest = { maxBodyBytes: 7 * 1024 * 1024 };

/**
 * A sender's row: how it signs, and where in its deliveries an event's name, id and time stand.
 *
 * Without side effects, so that the Worker's bundle holds only the rows that its config uses.
 */
/* @__NO_SIDE_EFFECTS__ */
export function sender<const Scheme extends SchemeName>(
  row: SenderRow<Scheme>,
): (options: PresetOptions<Scheme>) => Stream {
  // Only formats that the sender is known to send.
  return (options) => generic({ body: 'json', ...row, ...options });
}

/** Svix's libraries accept both names of its headers. The second are those of Standard Webhooks. */
export const svixId = 'header:svix-id | header:webhook-id';
export const webhookId = 'header:webhook-id | header:svix-id';

/** Where a sender says no time, an event's time is when the relay received it. */
export const received = 'delivery:received_at';
