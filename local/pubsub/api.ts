// The methods of Google's Publisher and Subscriber services, and TestIamPermissions, for both transports (gRPC
// and REST). Methods that are missing here return UNIMPLEMENTED: snapshots, seek, push, detach, schemas.

import type { protos } from '@google-cloud/pubsub';
import type { Broker } from './broker.ts';
import type { Subscription } from './delivery/subscription.ts';
import type { Topic } from './delivery/topic.ts';
import { invalid } from './errors.ts';
import { checkAckRequest, checkPublish, type PublishedMessage } from './request-limits.ts';
import { checkName, checkProject, DELETED_TOPIC } from './resource-names.ts';
import {
  parseSubscriptionSettings,
  parseTopicSettings,
  showSubscription,
  showTopic,
  updateSubscriptionSettings,
  updateTopicSettings,
} from './settings.ts';
import { iamService } from './transport/iam-protos.ts';
import { messageType } from './transport/protos.ts';
import { pull } from './transport/unary-pull.ts';

/** What a method gets besides the request. */
interface Call {
  /** The size of the request on the wire. */
  readonly bytes: number;
  /** Runs `listener` if the caller disconnects before the response. */
  onCancelled(listener: () => void): void;
}

/** Takes the decoded request; returns the response or its encoded bytes. Throws PubsubError. */
export type Method = (request: never, call: Call) => object | Promise<object>;

/** Methods by service and name, as in the protos. */
export type Api = Readonly<Record<string, Readonly<Record<string, Method>>>>;

const PubsubMessage = messageType('PubsubMessage');
const MAX_PAGE_SIZE = 1000;

export function createApi(broker: Broker): Api {
  return {
    Publisher: publisherMethods(broker),
    Subscriber: subscriberMethods(broker),
    [iamService]: iamMethods(broker),
  };
}

interface TestPermissions {
  resource?: string | null;
  permissions?: string[] | null;
}

/** Everybody has every permission of what exists; of what does not, nobody has one, as at Google. */
function iamMethods(broker: Broker): Record<string, Method> {
  return {
    TestIamPermissions: ({ resource, permissions }: TestPermissions) => {
      const all = [...broker.topics, ...broker.subscriptions];
      const exists = all.some(({ name }) => name === resource);
      return { permissions: exists ? (permissions ?? []) : [] };
    },
  };
}

function publisherMethods(broker: Broker): Record<string, Method> {
  return {
    CreateTopic: (request: protos.google.pubsub.v1.ITopic) =>
      topicResource(
        broker.createTopic(checkName('topics', request.name), parseTopicSettings(request)),
      ),
    GetTopic: ({ topic }: protos.google.pubsub.v1.IGetTopicRequest) =>
      topicResource(broker.topic(topic)),
    ListTopics: (request: protos.google.pubsub.v1.IListTopicsRequest) => {
      const { items, nextPageToken } = listPage(inProject(broker.topics, request.project), request);
      return { topics: items.map(topicResource), nextPageToken };
    },
    UpdateTopic: ({ topic, updateMask }: protos.google.pubsub.v1.IUpdateTopicRequest) => {
      const known = broker.topic(topic?.name);
      broker.updateTopic(known, updateTopicSettings(known.settings, topic ?? {}, updateMask));
      return topicResource(known);
    },
    DeleteTopic: ({ topic }: protos.google.pubsub.v1.IDeleteTopicRequest) => {
      broker.deleteTopic(broker.topic(topic));
      return {};
    },
    ListTopicSubscriptions: (request: protos.google.pubsub.v1.IListTopicSubscriptionsRequest) => {
      const attached = [...broker.topic(request.topic).subscriptions];
      const { items, nextPageToken } = listPage(attached, request);
      return { subscriptions: items.map(({ name }) => name), nextPageToken };
    },
    Publish: async (request: protos.google.pubsub.v1.IPublishRequest, { bytes }: Call) => {
      const messages = (request.messages ?? []) as PublishedMessage[];
      checkPublish(messages, bytes);
      const topic = broker.topic(request.topic);
      return { messageIds: await broker.publish(topic, messages.map(encodeMessage)) };
    },
  };
}

function subscriberMethods(broker: Broker): Record<string, Method> {
  return {
    CreateSubscription: (request: protos.google.pubsub.v1.ISubscription) => {
      const name = checkName('subscriptions', request.name);
      const settings = parseSubscriptionSettings(request);
      return subscriptionResource(
        broker.createSubscription(name, broker.topic(request.topic), settings),
      );
    },
    GetSubscription: ({ subscription }: protos.google.pubsub.v1.IGetSubscriptionRequest) =>
      subscriptionResource(broker.subscription(subscription)),
    ListSubscriptions: (request: protos.google.pubsub.v1.IListSubscriptionsRequest) => {
      const all = inProject(broker.subscriptions, request.project);
      const { items, nextPageToken } = listPage(all, request);
      return { subscriptions: items.map(subscriptionResource), nextPageToken };
    },
    UpdateSubscription: (request: protos.google.pubsub.v1.IUpdateSubscriptionRequest) => {
      const given = request.subscription ?? {};
      const known = broker.subscription(given.name);
      const settings = updateSubscriptionSettings(known.settings, given, request.updateMask);
      broker.updateSubscription(known, settings);
      return subscriptionResource(known);
    },
    DeleteSubscription: ({ subscription }: protos.google.pubsub.v1.IDeleteSubscriptionRequest) => {
      broker.deleteSubscription(broker.subscription(subscription));
      return {};
    },
    Pull: (request: protos.google.pubsub.v1.IPullRequest, call: Call) => {
      const maxMessages = request.maxMessages ?? 0;
      const subscription = broker.subscription(request.subscription);
      if (maxMessages < 1) throw invalid(`max_messages must be positive (it is ${maxMessages}).`);
      const returnImmediately = request.returnImmediately ?? false;
      const onCancelled = (listener: () => void) => call.onCancelled(listener);
      return pull(subscription, { maxMessages, returnImmediately, onCancelled });
    },
    Acknowledge: async (request: protos.google.pubsub.v1.IAcknowledgeRequest, { bytes }: Call) => {
      checkAckRequest(bytes);
      const subscription = broker.subscription(request.subscription);
      await subscription.acknowledge(checkAckIds(request.ackIds));
      return {};
    },
    ModifyAckDeadline: (
      request: protos.google.pubsub.v1.IModifyAckDeadlineRequest,
      { bytes }: Call,
    ) => {
      checkAckRequest(bytes);
      const subscription = broker.subscription(request.subscription);
      const seconds = request.ackDeadlineSeconds ?? 0;
      subscription.modifyDeadlines(checkAckIds(request.ackIds), () => seconds);
      return {};
    },
  };
}

/** The message as it is stored, without the fields that the server adds on delivery. */
function encodeMessage({ data, attributes, orderingKey }: PublishedMessage): Buffer {
  const stored: Record<string, unknown> = {};
  if (data?.length) stored['data'] = data;
  if (attributes) stored['attributes'] = attributes;
  if (orderingKey) stored['orderingKey'] = orderingKey;
  return PubsubMessage.encode(stored).finish() as Buffer;
}

function checkAckIds(ackIds: readonly string[] | null | undefined): readonly string[] {
  if (!ackIds?.length) throw invalid('The request has no ack IDs.');
  return ackIds;
}

function topicResource({ name, settings }: Topic): object {
  return showTopic(name, settings);
}

function subscriptionResource({ name, topic, settings }: Subscription): object {
  return showSubscription(name, topic?.name ?? DELETED_TOPIC, settings);
}

function inProject<T extends { readonly name: string }>(
  all: readonly T[],
  project: string | null | undefined,
): T[] {
  const prefix = `${checkProject(project)}/`;
  return all.filter(({ name }) => name.startsWith(prefix));
}

interface PageRequest {
  readonly pageSize?: number | null;
  readonly pageToken?: string | null;
}

/** One page of the list, in the order of names. The page token is the last name of the previous page. */
function listPage<T extends { readonly name: string }>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
): { items: T[]; nextPageToken: string } {
  if ((pageSize ?? 0) < 0) throw invalid(`Invalid page_size: ${pageSize}.`);
  const after = Buffer.from(pageToken ?? '', 'base64url').toString();
  const rest = all
    .filter(({ name }) => name > after)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const items = rest.slice(0, Math.min(pageSize || MAX_PAGE_SIZE, MAX_PAGE_SIZE));
  const last = items.at(-1);
  const nextPageToken =
    last && items.length < rest.length ? Buffer.from(last.name).toString('base64url') : '';
  return { items, nextPageToken };
}
