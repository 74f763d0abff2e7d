// Faults of docs/faults.md that lie around the broker; those of acks and deliveries are in
// subscription.ts, where the messages are.

import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, type Faults, strikesOn } from '../faults/faults.ts';
import type { Api, Method } from './api.ts';
import type { Broker } from './broker.ts';
import { ConnectionCut, scripted } from './errors.ts';

const DEFAULT_MS = 1000;

/** The methods, with faults in the way of Publish. */
export function scriptApi(api: Api, faults: Faults): Api {
  const { Publish, ...others } = api['Publisher'] ?? {};
  return Publish
    ? { ...api, Publisher: { ...others, Publish: scriptPublish(Publish, faults) } }
    : api;
}

function scriptPublish(publish: Method, faults: Faults): Method {
  return async (request: { topic?: string | null }, call) => {
    const names = ['publish.status', 'publish.hang', 'publish.delay', 'publish.lost-ack'] as const;
    const fault = faults.take(names, request.topic ?? '');
    if (fault?.name === 'publish.status') throw scripted(fault);
    if (fault?.name === 'publish.hang') await new Promise(() => {});
    if (fault?.name === 'publish.delay') await pause(fault.ms ?? DEFAULT_MS);
    const response = await publish(request as never, call);
    if (fault?.name === 'publish.lost-ack') throw new ConnectionCut();
    return response;
  };
}

/** Leases and streams of the subscriptions that the fault is on. */
export function performAtOnce(broker: Broker, fault: Fault): void {
  for (const subscription of broker.subscriptions) {
    if (!strikesOn(fault, subscription.name)) continue;
    if (fault.name === 'leases.redeliver') subscription.endLeases();
    if (fault.name === 'leases.expire') subscription.expireLeases();
    if (fault.name === 'streams.reset') subscription.failConsumers(scripted(fault));
  }
}
