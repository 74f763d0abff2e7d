import type { protos } from '@google-cloud/bigquery-storage';
import type { WriteFailure } from './verdict.ts';

export interface WriterOptions {
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  /** How long one append may stay unanswered before its stream is given up. */
  appendTimeoutMs?: number;
  /** How long `setup` failures are tried again: a new table may be unknown to the service for a minute. */
  setupPatienceMs?: number;
  /** How long transient failures and throttling are tried again; without end by default. */
  patienceMs?: number;
  /** More than a full batch: the request adds a few bytes to each row, and must not be cut for them. */
  maxRequestBytes?: number;
  maxInFlightBytes?: number;
  /** A client carries 100 streams, and the next one hangs. */
  maxConnections?: number;
  /** With so many unanswered bytes on each of its connections, the table gets another one. */
  bytesPerConnection?: number;
  /** Hears of the first failure of each pause: the others are of the same trouble. */
  onFailure?: (failure: WriteFailure, waitMs: number) => void;
  now?: () => number;
  random?: () => number;
}

export const defaultOptions = {
  appendTimeoutMs: 30_000,
  setupPatienceMs: 60_000,
  patienceMs: Number.POSITIVE_INFINITY,
  maxRequestBytes: 2_000_000,
  maxInFlightBytes: 8_000_000,
  maxConnections: 10,
  bytesPerConnection: 2_000_000,
  onFailure: () => {},
  now: Date.now,
  random: Math.random,
};
