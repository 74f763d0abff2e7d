import { monthlyCost } from '../../cli/production/monthly-cost.ts';
import { chargeFor, prices } from '../../cli/production/prices.ts';
import { hostUsdPerSecond } from './outage.ts';
import { type Load, needsOf } from './saturation.ts';

const monthSeconds = 30 * 24 * 3600;
/** The smallest worker of Dataflow for streaming: n1-standard-2. */
const worker = { vcpu: 2, gib: 7.5 } as const;

/** What a month costs behind the same edge, in USD. */
export interface PathCosts extends Load {
  subscriber: number;
  /** Pub/Sub writes the raw bodies into one table itself. */
  bigquerySubscription: number;
  /** At least: with the smallest worker, and the data that it processes. */
  dataflow: number;
}

export function pathCosts({ rate, bytes }: Load): PathCosts {
  const { parts } = monthlyCost({ events: rate * monthSeconds, bytes });
  const of = (price: string) => parts.find((part) => part.price === price);
  const throughput = of('pubsubThroughput')?.units ?? 0;
  const written = of('storageWrite');
  // What is published is half of what is published and delivered.
  const published = chargeFor(prices.pubsubThroughput, throughput / 2);
  const pulled = chargeFor(prices.pubsubThroughput, throughput);
  const edge = ['workersPlan', 'workersRequests', 'workersCpu'].reduce(
    (sum, price) => sum + (of(price)?.usd ?? 0),
    0,
  );
  const hosts = needsOf({ rate, bytes }).replicas * hostUsdPerSecond * monthSeconds;
  const workers =
    monthSeconds *
    ((worker.vcpu * prices.dataflowCpu.usd) / prices.dataflowCpu.per +
      (worker.gib * prices.dataflowMemory.usd) / prices.dataflowMemory.per);
  const processed = chargeFor(prices.dataflowData, throughput / 2);
  return {
    rate,
    bytes,
    subscriber: edge + pulled + (written?.usd ?? 0) + hosts,
    bigquerySubscription: edge + published + chargeFor(prices.bigquerySubscription, throughput / 2),
    dataflow: edge + pulled + (written?.usd ?? 0) + workers + processed,
  };
}
