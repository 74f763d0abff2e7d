import { columnBytes, envelopeBytes } from '../../cli/production/monthly-cost.ts';
import { type PriceName, prices } from '../../cli/production/prices.ts';
import type { TrafficPerEvent } from './measure-run.ts';

const events = 1e6;
/** Pub/Sub bills each request as if it had at least so many. */
const minRequestBytes = 1000;
/** insertAll bills each row as if it had at least so many. */
const minInsertedBytes = 1024;
/** Cloud Run bills a request's time in steps of so much. */
const billedStepMs = 100;
const tutorialGib = 0.25;

export type Cost = Partial<Record<PriceName, number>> & { usd: number };

export interface Measured {
  bytes: number;
  edgeCpuUs: number;
  traffic: TrafficPerEvent;
}

/** What a million events cost at list price, beyond everything that is free and without the subscriber's host. */
export function relayCost({ bytes, edgeCpuUs, traffic }: Measured): Cost {
  const messageBytes = bytes + envelopeBytes;
  const published = Math.max(messageBytes, traffic.edgeToPubsub.requests * minRequestBytes);
  return priced({
    workersRequests: events,
    workersCpu: (events * edgeCpuUs) / 1000,
    // Published once, delivered once, where responses hold many messages.
    pubsubThroughput: events * (published + messageBytes),
    storageWrite: events * (bytes + columnBytes),
  });
}

/** The same for the tutorial's function, which takes one request at a time, as Cloud Functions do by default. */
export function tutorialCost({ bytes, answerMs }: { bytes: number; answerMs: number }): Cost {
  const seconds = (Math.ceil(answerMs / billedStepMs) * billedStepMs) / 1000;
  return priced({
    cloudRunRequests: events,
    cloudRunCpu: events * seconds,
    cloudRunMemory: events * seconds * tutorialGib,
    streamingInserts: events * Math.max(minInsertedBytes, bytes),
  });
}

function priced(units: Partial<Record<PriceName, number>>): Cost {
  const charges = Object.entries(units).map(([name, count]) => {
    const { usd, per } = prices[name as PriceName];
    return [name, (count / per) * usd] as const;
  });
  const usd = charges.reduce((sum, [, charge]) => sum + charge, 0);
  return { ...Object.fromEntries(charges), usd };
}
