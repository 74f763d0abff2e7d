import { envelopeBytes } from '../../cli/production/monthly-cost.ts';
import { prices } from '../../cli/production/prices.ts';
import { measured } from './figures.ts';
import { type Load, replicaRate } from './saturation.ts';

/** A replica's host: one vCPU and half a GiB. */
const host = { vcpu: 1, gib: 0.5 } as const;

/** An outage of BigQuery, and what follows. */
export interface Outage extends Load {
  minutes: number;
  replicas: number;
  /** Messages that wait in Pub/Sub at its end. */
  backlog: number;
  backlogGb: number;
  /** Until nothing waits; infinite if the replicas are not faster than what comes. */
  drainSeconds: number;
  /** Of all replicas, whatever the backlog. */
  memoryMb: number;
  /** The hosts from its begin until nothing waits. Pub/Sub bills a message once, however long it waits in a day. */
  usd: number;
}

export function outageOf({
  rate,
  bytes,
  minutes,
  replicas,
}: Load & { minutes: number; replicas: number }): Outage {
  const backlog = rate * minutes * 60;
  const spare = replicas * replicaRate(bytes) - rate;
  const drainSeconds = spare > 0 ? backlog / spare : Number.POSITIVE_INFINITY;
  const hostSeconds = replicas * (minutes * 60 + drainSeconds);
  return {
    ...{ rate, bytes, minutes, replicas, backlog, drainSeconds },
    backlogGb: (backlog * (bytes + envelopeBytes)) / 1e9,
    memoryMb: replicas * measured.replicaMb,
    usd: hostSeconds * hostUsdPerSecond,
  };
}

export const hostUsdPerSecond =
  host.vcpu * prices.cloudRunInstanceCpu.usd + host.gib * prices.cloudRunMemory.usd;
