import { columnBytes, envelopeBytes } from '../../cli/production/monthly-cost.ts';
import { measured, plannedShare, quotas, replica } from './figures.ts';

export interface Load {
  /** Events a second. */
  rate: number;
  /** Of a body. */
  bytes: number;
}

/** What a load takes. */
export interface Needs extends Load {
  /** Each has one thread. */
  isolates: number;
  replicas: number;
  pubsubMbps: number;
  /** Streams of all replicas. */
  streams: number;
  writeMbps: number;
  connections: number;
}

function edgeUs(bytes: number): number {
  return measured.edgeUs + measured.edgeUsPerKib * furtherKib(bytes);
}

function subscriberUs(bytes: number): number {
  return measured.subscriberUs + measured.subscriberUsPerKib * furtherKib(bytes);
}

function furtherKib(bytes: number): number {
  return Math.max(0, bytes / 1024 - 1);
}

/** Events a second of one replica with all of a core, as its streams bring them, and as its connections surely take. */
function replicaLimits(bytes: number) {
  const { streams, connectionsPerTable } = replica;
  return {
    cpu: 1e6 / subscriberUs(bytes),
    streams: (streams * quotas.stream.limit * 1e6) / (bytes + envelopeBytes),
    connections: (connectionsPerTable * quotas.connection.limit * 1e6) / (bytes + columnBytes),
  };
}

/** How many events a second one replica writes. */
export function replicaRate(bytes: number): number {
  return Math.min(...Object.values(replicaLimits(bytes)));
}

export function needsOf({ rate, bytes }: Load): Needs {
  const writeMbps = (rate * (bytes + columnBytes)) / 1e6;
  const replicas = Math.ceil(rate / (replicaRate(bytes) * plannedShare));
  const perReplica = Math.ceil(writeMbps / replicas / quotas.connection.limit);
  return {
    rate,
    bytes,
    isolates: Math.ceil((rate * edgeUs(bytes)) / 1e6 / plannedShare),
    replicas,
    pubsubMbps: (rate * (bytes + envelopeBytes)) / 1e6,
    streams: replicas * replica.streams,
    writeMbps,
    connections: replicas * Math.min(replica.connectionsPerTable, Math.max(1, perReplica)),
  };
}

export interface Saturation {
  name: string;
  /** Events a second at which it is full. */
  rate: number;
  remedy: string;
}

/** What is full first, in order. */
export function saturations(bytes: number): Saturation[] {
  const published = (mbps: number) => (mbps * 1e6) / (bytes + envelopeBytes);
  const written = (mbps: number) => (mbps * 1e6) / (bytes + columnBytes);
  const limits = replicaLimits(bytes);
  const all: Saturation[] = [
    {
      name: "an isolate's thread",
      rate: 1e6 / edgeUs(bytes),
      remedy: 'Cloudflare starts more by itself',
    },
    {
      name: "a replica's 10 connections to one table, at the rate that Google promises",
      rate: limits.connections,
      remedy: 'more replicas',
    },
    { name: "a replica's thread", rate: limits.cpu, remedy: 'more replicas' },
    { name: "a replica's 4 streams", rate: limits.streams, remedy: 'more replicas' },
    {
      name: quotas.publishSmall.name,
      rate: published(quotas.publishSmall.limit),
      remedy: 'a large region, or more quota',
    },
    {
      name: quotas.publishLarge.name,
      rate: published(quotas.publishLarge.limit),
      remedy: 'more quota',
    },
    {
      name: quotas.writeRegion.name,
      rate: written(quotas.writeRegion.limit),
      remedy: 'EU or US, or more quota',
    },
    {
      name: quotas.writeMulti.name,
      rate: written(quotas.writeMulti.limit),
      remedy: 'more quota',
    },
  ];
  return all.sort((a, b) => a.rate - b.rate);
}
