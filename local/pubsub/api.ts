// The methods of Google's Publisher and Subscriber services, and TestIamPermissions, for both transports (gRPC
// and REST). A method that is missing here returns UNIMPLEMENTED.

import type { protos } from '@google-cloud/pubsub';
import type { Broker } from './broker.ts';
import type { Subscription } from './delivery/subscription.ts';
import type { Topic } from './delivery/topic.ts';
import { expiredAckIds, invalid } from './errors.ts';
import { iamMethods } from './methods/iam.ts';
import type { Api, Call, Method } from './methods/method.ts';
import { inProject, listPage } from './methods/page.ts';
import { schemaMethods } from './methods/schemas.ts';
import { snapshotMethods } from './methods/snapshots.ts';
import { checkAckRequest, checkPublish, type PublishedMessage } from './request-limits.ts';
import { checkName, DELETED_TOPIC } from './resource-names.ts';
import { fitted } from './schemas/fitted-message.ts';
import { SchemaRegistry } from './schemas/schema-registry.ts';
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

const PubsubMessage = messageType('PubsubMessage');

export function createApi(broker: Broker): Api {
  const schemas = new SchemaRegistry(broker);
  return {
    Publisher: publisherMethods(broker, schemas),
    Subscriber: { ...subscriberMethods(broker), ...snapshotMethods(broker) },
    SchemaService: schemaMethods(schemas),
    [iamService]: iamMethods(broker),
  };
}

function publisherMethods(broker: Broker, schemas: SchemaRegistry): Record<string, Method> {
  return {
    CreateTopic: (request: protos.google.pubsub.v1.ITopic) => {
      const settings = parseTopicSettings(request);
      if (settings.schema) schemas.find(settings.schema.schema);
      return topicResource(broker.createTopic(checkName('topics', request.name), settings));
    },
    GetTopic: ({ topic }: protos.google.pubsub.v1.IGetTopicRequest) =>
      topicResource(broker.topic(topic)),
    ListTopics: (request: protos.google.pubsub.v1.IListTopicsRequest) => {
      const { items, nextPageToken } = listPage(inProject(broker.topics, request.project), request);
      return { topics: items.map(topicResource), nextPageToken };
    },
    UpdateTopic: ({ topic, updateMask }: protos.google.pubsub.v1.IUpdateTopicRequest) => {
      const known = broker.topic(topic?.name);
      const settings = updateTopicSettings(known.settings, topic ?? {}, updateMask);
      if (topic?.schemaSettings && settings.schema) schemas.find(settings.schema.schema);
      broker.updateTopic(known, settings);
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
    ListTopicSnapshots: (request: protos.google.pubsub.v1.IListTopicSnapshotsRequest) => {
      const { id } = broker.topic(request.topic);
      const all = broker.retention.snapshots.filter(({ topic }) => topic === id);
      const { items, nextPageToken } = listPage(all, request);
      return { snapshots: items.map(({ name }) => name), nextPageToken };
    },
    DetachSubscription: (request: protos.google.pubsub.v1.IDetachSubscriptionRequest) => {
      broker.detachSubscription(broker.subscription(request.subscription));
      return {};
    },
    Publish: async (request: protos.google.pubsub.v1.IPublishRequest, { bytes }: Call) => {
      const messages = (request.messages ?? []) as PublishedMessage[];
      checkPublish(messages, bytes);
      const topic = broker.topic(request.topic);
      const { schema } = topic.settings;
      const checked = schema ? messages.map((one) => fitted(one, schema, schemas)) : messages;
      return { messageIds: await broker.publish(topic, checked.map(encodeMessage)) };
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
    ModifyPushConfig: (request: protos.google.pubsub.v1.IModifyPushConfigRequest) => {
      const subscription = broker.subscription(request.subscription);
      const given = { pushConfig: request.pushConfig ?? null };
      const mask = { paths: ['pushConfig'] };
      const { settings } = subscription;
      broker.updateSubscription(subscription, updateSubscriptionSettings(settings, given, mask));
      return {};
    },
    Pull: (request: protos.google.pubsub.v1.IPullRequest, call: Call) => {
      const maxMessages = request.maxMessages ?? 0;
      const subscription = broker.subscription(request.subscription);
      if (maxMessages < 1) throw invalid(`max_messages must be positive (it is ${maxMessages}).`);
      subscription.checkPulled();
      const returnImmediately = request.returnImmediately ?? false;
      const onCancelled = (listener: () => void) => call.onCancelled(listener);
      return pull(subscription, { maxMessages, returnImmediately, onCancelled });
    },
    Acknowledge: async (request: protos.google.pubsub.v1.IAcknowledgeRequest, { bytes }: Call) => {
      checkAckRequest(bytes);
      const subscription = broker.subscription(request.subscription);
      const refused = await subscription.acknowledge(checkAckIds(request.ackIds));
      if (refused.length > 0) throw expiredAckIds(refused);
      return {};
    },
    ModifyAckDeadline: (
      request: protos.google.pubsub.v1.IModifyAckDeadlineRequest,
      { bytes }: Call,
    ) => {
      checkAckRequest(bytes);
      const subscription = broker.subscription(request.subscription);
      const seconds = request.ackDeadlineSeconds ?? 0;
      const refused = subscription.modifyDeadlines(checkAckIds(request.ackIds), () => seconds);
      if (refused.length > 0) throw expiredAckIds(refused);
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
