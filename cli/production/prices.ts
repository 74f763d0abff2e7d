/** One price, in US dollars. */
export interface Price {
  /** For so many units of `unit`. */
  usd: number;
  per: number;
  unit: string;
  /** Units a month without charge. */
  free: number;
  /** The vendor's page that says so. */
  source: string;
  /** False if the price was not found on a stored copy of that page: compare it before you rely on it. */
  isVerified: boolean;
}

export const gib = 1024 ** 3;
const tib = 1024 ** 4;

/** The month of the prices below. List prices; those of BigQuery are of the multi-regions EU and US. */
export const pricesReadOn = '2026-09';

const workers = 'https://developers.cloudflare.com/workers/platform/pricing/';
const pubsub = 'https://cloud.google.com/pubsub/pricing';
const bigquery = 'https://cloud.google.com/bigquery/pricing';
const cloudRun = 'https://cloud.google.com/run/pricing';
const dataflow = 'https://cloud.google.com/dataflow/pricing';

/** Every price that `tributary cost`, the benches and the docs use: this is the one place to change one. */
export const prices = {
  workersPlan: {
    usd: 5,
    per: 1,
    unit: 'month',
    free: 0,
    source: workers,
    isVerified: true,
  },
  workersRequests: {
    usd: 0.3,
    per: 1e6,
    unit: 'requests',
    free: 10e6,
    source: workers,
    isVerified: true,
  },
  workersCpu: {
    usd: 0.02,
    per: 1e6,
    unit: 'CPU ms',
    free: 30e6,
    source: workers,
    isVerified: true,
  },
  workersLogs: {
    usd: 0.6,
    per: 1e6,
    unit: 'lines',
    free: 20e6,
    source: workers,
    isVerified: false,
  },
  pubsubThroughput: {
    usd: 40,
    per: tib,
    unit: 'bytes',
    free: 10 * gib,
    source: pubsub,
    isVerified: true,
  },
  bigquerySubscription: {
    usd: 50,
    per: tib,
    unit: 'bytes',
    free: 0,
    source: pubsub,
    isVerified: false,
  },
  storageWrite: {
    usd: 0.025,
    per: gib,
    unit: 'bytes',
    free: 2 * tib,
    source: bigquery,
    isVerified: false,
  },
  streamingInserts: {
    usd: 0.01,
    per: 200e6,
    unit: 'bytes',
    free: 0,
    source: bigquery,
    isVerified: true,
  },
  cloudRunRequests: {
    usd: 0.4,
    per: 1e6,
    unit: 'requests',
    free: 2e6,
    source: cloudRun,
    isVerified: false,
  },
  /** Billed by request. */
  cloudRunCpu: {
    usd: 0.000024,
    per: 1,
    unit: 'vCPU s',
    free: 180_000,
    source: cloudRun,
    isVerified: true,
  },
  /** Billed by instance: it always has its CPU. */
  cloudRunInstanceCpu: {
    usd: 0.000018,
    per: 1,
    unit: 'vCPU s',
    free: 240_000,
    source: cloudRun,
    isVerified: true,
  },
  cloudRunMemory: {
    usd: 0.000002,
    per: 1,
    unit: 'GiB s',
    free: 450_000,
    source: cloudRun,
    isVerified: false,
  },
  dataflowCpu: {
    usd: 0.069,
    per: 3600,
    unit: 'vCPU s',
    free: 0,
    source: dataflow,
    isVerified: false,
  },
  dataflowMemory: {
    usd: 0.003557,
    per: 3600,
    unit: 'GiB s',
    free: 0,
    source: dataflow,
    isVerified: false,
  },
  dataflowData: {
    usd: 0.018,
    per: gib,
    unit: 'bytes',
    free: 0,
    source: dataflow,
    isVerified: false,
  },
  activeStorage: {
    usd: 0.02,
    per: gib,
    unit: 'bytes',
    free: 10 * gib,
    source: bigquery,
    isVerified: true,
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof prices;

/** The charge for so many units in a month. */
export function chargeFor({ usd, per, free }: Price, units: number): number {
  return (Math.max(0, units - free) / per) * usd;
}
