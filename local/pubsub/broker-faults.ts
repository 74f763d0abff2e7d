// The faults of docs/faults.md that affect publishing, or a subscription at once. The faults of acks
// and deliveries are in subscription.ts.

import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, type Faults, matchesName } from '../faults/faults.ts';
import type { Api, Method } from './api.ts';
import type { Broker } from './broker.ts';
import { ConnectionCut, faultError } from './errors.ts';

const DEFAULT_MS = 1000;

/** The API with the faults of Publish. */
export function withPublishFaults(api: Api, faults: Faults): Api {
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
  }
}
