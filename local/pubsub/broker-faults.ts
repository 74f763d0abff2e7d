// The faults of docs/faults.md that affect publishing, permissions, or a subscription at once. The faults of
// acks and deliveries are in subscription.ts.

import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, type Faults, matchesName } from '../faults/faults.ts';
import type { Broker } from './broker.ts';
import { ConnectionCut, faultError, PubsubError } from './errors.ts';
import type { Api, Method } from './methods/method.ts';
import { iamService } from './transport/iam-protos.ts';

const DEFAULT_MS = 1000;

/** The API with the faults of Publish, and without the permissions that are scripted to be missing. */
export function withFaults(api: Api, faults: Faults): Api {
  return withDenials(withPublishFaults(api, faults), faults);
}

/** https://cloud.google.com/pubsub/docs/access-control#required_permissions */
const permissions: Readonly<Record<string, string>> = {
  CreateTopic: 'pubsub.topics.create',
  GetTopic: 'pubsub.topics.get',
  Publish: 'pubsub.topics.publish',
  CreateSubscription: 'pubsub.subscriptions.create',
  GetSubscription: 'pubsub.subscriptions.get',
  UpdateSubscription: 'pubsub.subscriptions.update',
  Pull: 'pubsub.subscriptions.consume',
  Acknowledge: 'pubsub.subscriptions.consume',
  ModifyAckDeadline: 'pubsub.subscriptions.consume',
};

interface ResourceRequest {
  name?: string | null;
  topic?: string | null;
  subscription?: string | { name?: string | null } | null;
}

function withDenials(api: Api, faults: Faults): Api {
  const denies = (resource: string, permission: string) =>
    faults.take(['iam.denied'], `${resource} ${permission}`) !== undefined;
  const guarded = Object.entries(api).map(([service, methods]) => [
    service,
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        guard(method, permissions[name], denies),
      ]),
    ),
  ]);
  const { TestIamPermissions } = api[iamService] ?? {};
  return {
    ...Object.fromEntries(guarded),
    ...(TestIamPermissions && {
      [iamService]: { TestIamPermissions: withoutDenied(TestIamPermissions, denies) },
    }),
  };
}

type Denies = (resource: string, permission: string) => boolean;

function guard(method: Method, permission: string | undefined, denies: Denies): Method {
  if (permission === undefined) return method;
  return (request: ResourceRequest, call) => {
    const { name, topic, subscription } = request;
    const nested = typeof subscription === 'object' ? subscription?.name : subscription;
    const resource = name ?? nested ?? topic ?? '';
    if (!denies(resource, permission)) return method(request as never, call);
    throw new PubsubError(
      'PERMISSION_DENIED',
      `User not authorized to perform this action (${permission} on ${resource}).`,
    );
  };
}

function withoutDenied(method: Method, denies: Denies): Method {
  return (request: { resource?: string | null; permissions?: string[] | null }, call) => {
    const { resource, permissions: asked } = request;
    const granted = (asked ?? []).filter((permission) => !denies(resource ?? '', permission));
    return method({ resource, permissions: granted } as never, call);
  };
}

function withPublishFaults(api: Api, faults: Faults): Api {
  const { Publish, ...others } = api['Publisher'] ?? {};
  return Publish
    ? { ...api, Publisher: { ...others, Publish: faultyPublish(Publish, faults) } }
    : api;
}

function faultyPublish(publish: Method, faults: Faults): Method {
  return async (request: { topic?: string | null }, call) => {
    const names = ['publish.status', 'publish.hang', 'publish.delay', 'publish.lost-ack'] as const;
    const fault = faults.take(names, request.topic ?? '');
    if (fault?.name === 'publish.status') throw faultError(fault);
    if (fault?.name === 'publish.hang') await new Promise(() => {});
    if (fault?.name === 'publish.delay') await pause(fault.ms ?? DEFAULT_MS);
    const response = await publish(request as never, call);
    if (fault?.name === 'publish.lost-ack') throw new ConnectionCut();
    return response;
  };
}

/** Applies a fault of leases or streams to the subscriptions that it matches. */
export function applyAtOnce(broker: Broker, fault: Fault): void {
  for (const subscription of broker.subscriptions) {
    if (!matchesName(fault, subscription.name)) continue;
    if (fault.name === 'leases.redeliver') subscription.endLeases();
    if (fault.name === 'leases.expire') subscription.expireLeases();
    if (fault.name === 'streams.reset') subscription.failConsumers(faultError(fault));
    if (fault.name === 'streams.end') subscription.endConsumers();
  }
}
