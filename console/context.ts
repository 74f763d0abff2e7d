import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import type { Relay, RelayStream } from '../shared/config/config.ts';
import type { Log } from '../subscriber/log.ts';
import type { SubscriberState } from '../subscriber/service/metrics.ts';
import type { Session } from './access/sessions.ts';
import type { Feed } from './live/feed.ts';
import type { ConsoleSettings } from './settings.ts';

/** What the console can do only where the senders' secrets are known: on one machine (`tributary start`). */
export interface Samples {
  /** The URL of the edge, once it has started. */
  edge(): string | undefined;
  /** The sample events of the stream's sender. */
  events(stream: RelayStream): string[];
  /** A sample body, with new ids. */
  draft(stream: RelayStream, event: string | undefined): SampleDraft;
  /** Signs as the stream's sender does. Rejects with a RelayError where only the sender can. */
  sign(stream: RelayStream, draft: SampleDraft): Promise<SignedSample>;
}

interface SampleDraft {
  body: string;
  contentType: string;
  headers: Record<string, string>;
}

export interface SignedSample extends SampleDraft {
  url: string;
}

/** What the console is made of. */
export interface ConsoleParts {
  relay: Relay;
  bigquery: BigQuery;
  /** Opened when something is replayed for the first time. */
  pubsub: () => PubSub;
  /** What the subscriber knows by itself. */
  state: () => SubscriberState;
  feed: Feed;
  log: Log;
  samples?: Samples | undefined;
  settings: ConsoleSettings;
}

export interface ConsoleEnv {
  Variables: { session: Session | undefined };
}
