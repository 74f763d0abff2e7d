import type { PubSub, Subscription } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { edgeReportStream } from '../../shared/report/edge-report.ts';
import { endOf } from '../pull/stream-end.ts';
import { within } from '../within.ts';

export interface TailSubscription {
  name: string;
  /** It was there already: it has what came while the tail was off. */
  isResumed: boolean;
}

export interface TailSubscriptionOptions {
  /** The end of the subscription's name. */
  name: string;
  /** Only the deliveries of this stream. */
  stream?: string;
  /** Eight hexadecimal digits: who follows with it now. */
  holder: string;
}

/** The labels of a subscription that a tail has made. */
const labels = { tributary: 'tail' } as const;
const secondsPerDay = 86_400;
/** A client waits much longer for a server that is not there. */
const openWithinMs = 20_000;

/** The topic that Pub/Sub shows for a subscription whose topic was deleted. */
export const deletedTopic = '_deleted-topic_';

/** A subscription of its own: the messages of the relay's subscription stay where they are. */
export function tailSubscriptionName(relay: Relay, name: string): string {
  return `${relay.subscription}-tail-${name}`;
}

/**
 * Makes the temporary subscription, or takes over the one that an earlier tail of this name has left.
 *
 * @throws RelayError `tail.refused`, `tail.name-taken`, `tail.no-topic`, `bigquery.credentials`, `google.unreachable`
 */
export async function openTailSubscription(
  pubsub: PubSub,
  relay: Relay,
  options: TailSubscriptionOptions,
): Promise<TailSubscription> {
  const name = tailSubscriptionName(relay, options.name);
  try {
    return await within(openWithinMs, createOrAdopt(pubsub, relay, name, options));
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    throw openingError(cause as Error & { code?: unknown }, relay, name);
  }
}

async function createOrAdopt(
  pubsub: PubSub,
  relay: Relay,
  name: string,
  options: TailSubscriptionOptions,
): Promise<TailSubscription> {
  const { stream, holder } = options;
  const filter = stream === undefined ? undefined : filterFor(stream);
  const settings = {
    ackDeadlineSeconds: 60,
    // One that is left behind is deleted after a day without a tail: the shortest that Pub/Sub allows.
    expirationPolicy: { ttl: { seconds: secondsPerDay } },
    messageRetentionDuration: { seconds: secondsPerDay },
    labels: { ...labels, holder },
  };
  const create = async (more: { filter?: string }): Promise<void> => {
    await pubsub.createSubscription(relay.topic, name, { ...settings, ...more });
  };
  try {
    await create(filter === undefined ? {} : { filter });
    return { name, isResumed: false };
  } catch (error) {
    const code = endOf(error).code;
    if (code === status.ALREADY_EXISTS) {
      await adopt(pubsub.subscription(name), name, filter, holder);
      return { name, isResumed: true };
    }
    // A server without filters, such as Google's emulator: readTailEvent looks at the stream, too.
    if (code !== status.UNIMPLEMENTED || filter === undefined) throw error;
  }
  return await createOrAdopt(pubsub, relay, name, { name: options.name, holder });
}

/** The edge's reports have the refused and the filtered deliveries of every stream. */
function filterFor(stream: string): string {
  return `attributes.stream = "${stream}" OR attributes.stream = "${edgeReportStream}"`;
}

async function adopt(
  subscription: Subscription,
  name: string,
  filter: string | undefined,
  holder: string,
): Promise<void> {
  const [metadata] = await subscription.getMetadata();
  const taken = (problem: string) =>
    new RelayError('tail.name-taken', `the subscription ${name} ${problem}`);
  if (metadata.labels?.['tributary'] !== labels.tributary) throw taken('was not made by a tail');
  if (metadata.topic === deletedTopic) throw taken('belongs to a topic that was deleted');
  if (metadata.filter && metadata.filter !== filter) {
    throw taken(`follows something else (its filter is: ${metadata.filter})`);
  }
  await subscription.setMetadata({ labels: { ...labels, holder } });
}

/** @returns what stayed in its way, if it could not be removed; one that is gone is no problem */
export async function removeTailSubscription(
  pubsub: PubSub,
  name: string,
): Promise<string | undefined> {
  try {
    await within(openWithinMs / 2, pubsub.subscription(name).delete());
    return undefined;
  } catch (error) {
    return endOf(error).code === status.NOT_FOUND ? undefined : (error as Error).message;
  }
}

function openingError(cause: Error & { code?: unknown }, relay: Relay, name: string): RelayError {
  const { project, topic } = relay;
  if (cause.code === status.PERMISSION_DENIED) {
    const problem = `Google does not let this account make or use the subscription ${name} in ${project}: it needs pubsub.subscriptions.create, .get, .update, .consume and .delete, and pubsub.topics.attachSubscription on the topic ${topic}`;
    return new RelayError('tail.refused', problem, { cause });
  }
  if (cause.code === status.NOT_FOUND) {
    return new RelayError('tail.no-topic', `there is no topic ${topic} in ${project}`, { cause });
  }
  if (cause.code === status.UNAUTHENTICATED || /default credentials/.test(cause.message)) {
    return new RelayError('bigquery.credentials', 'no credentials for Pub/Sub', { cause });
  }
  return new RelayError('google.unreachable', `Pub/Sub: ${cause.message}`, { cause });
}
