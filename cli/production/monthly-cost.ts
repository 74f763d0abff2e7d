import { chargeFor, type PriceName, prices } from './prices.ts';

/** What a relay is given in a month. */
export interface Load {
  /** Deliveries of all streams. */
  events: number;
  /** Of a body, on average. */
  bytes: number;
  /** Does every delivery leave a line in the edge's log (`log: 'all'`)? By default only problems do. */
  logsAll?: boolean;
}

export interface CostPart {
  name: string;
  price: PriceName;
  /** In the unit of the price. */
  units: number;
  usd: number;
}

export interface MonthlyCost {
  parts: CostPart[];
  usd: number;
  /** What the rows of one month cost in each month that they are kept. */
  storage: CostPart;
}

/** Of an envelope: the names and values of its attributes, its message id and its time. */
export const envelopeBytes = 250;
/** Of a row, beside the payload: ids, names and times, as BigQuery counts them. */
export const columnBytes = 120;
/** Of CPU at the edge. The benchmark measures 0.1 to 0.3 on one machine; Cloudflare's may be slower. */
export const cpuMsPerDelivery = 1;
/** Pub/Sub bills each request as if it had at least so many. */
const minRequestBytes = 1000;

/**
 * The most that it costs: every delivery is accepted, and published and pulled in a request of its own. Refused
 * deliveries and other problems leave lines, which are not counted here.
 * Filtered deliveries cost the Workers part only, and under load deliveries share requests.
 */
export function monthlyCost({ events, bytes, logsAll = false }: Load): MonthlyCost {
  const messageBytes = Math.max(minRequestBytes, bytes + envelopeBytes);
  const rowBytes = events * (bytes + columnBytes);
  const parts = [
    part('Workers Paid plan', 'workersPlan', 1),
    part('Workers requests', 'workersRequests', events),
    part('Workers CPU, ms', 'workersCpu', events * cpuMsPerDelivery),
    part('Workers Logs, lines', 'workersLogs', logsAll ? events : 0),
    // Published once, delivered once.
    part('Pub/Sub throughput', 'pubsubThroughput', 2 * events * messageBytes),
    part('BigQuery Storage Write', 'storageWrite', rowBytes),
  ];
  const usd = parts.reduce((sum, one) => sum + one.usd, 0);
  return { parts, usd, storage: part('BigQuery storage', 'activeStorage', rowBytes) };
}

function part(name: string, price: PriceName, units: number): CostPart {
  return { name, price, units, usd: chargeFor(prices[price], units) };
}

/** What no figure includes. */
export const notCounted = [
  'the host of the subscriber (it needs less than 300 MB of memory)',
  'network out of Google, if the subscriber runs in another region or cloud',
  'queries in BigQuery, load jobs of exports (free), and storage beyond the first month',
  'overflow (Queues, R2), counters (Analytics Engine), and the domain',
  'taxes, discounts, and free tiers that other projects of the account use up',
];
