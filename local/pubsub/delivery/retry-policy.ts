import type { protos } from '@google-cloud/pubsub';
import { invalid } from '../errors.ts';

/** How long a message rests between two deliveries, after a nack or the end of its lease. */
export interface RetryPolicy {
  readonly minimumMs: number;
  readonly maximumMs: number;
}

type IRetryPolicy = protos.google.pubsub.v1.IRetryPolicy;
type IDuration = protos.google.protobuf.IDuration;

/** What the service takes where a policy names only one of them, or none. */
const DEFAULT_MINIMUM_MS = 10_000;
const MAXIMUM_MS = 600_000;

/** Null: without a policy a message is delivered again at once. */
export function parseRetryPolicy(policy: IRetryPolicy | null | undefined): RetryPolicy | null {
  if (!policy) return null;
  const minimumMs = parseBackoff('minimum_backoff', policy.minimumBackoff, DEFAULT_MINIMUM_MS);
  const maximumMs = parseBackoff('maximum_backoff', policy.maximumBackoff, MAXIMUM_MS);
  if (minimumMs > maximumMs) {
    throw invalid('Invalid retry_policy: minimum_backoff is longer than maximum_backoff.');
  }
  return { minimumMs, maximumMs };
}

export function showRetryPolicy({ minimumMs, maximumMs }: RetryPolicy): IRetryPolicy {
  return { minimumBackoff: durationOf(minimumMs), maximumBackoff: durationOf(maximumMs) };
}

/** @param returns how often the message came back, with this time */
export function restMs({ minimumMs, maximumMs }: RetryPolicy, returns: number): number {
  return Math.min(maximumMs, Math.max(minimumMs, 1) * 2 ** (returns - 1));
}

function parseBackoff(name: string, given: IDuration | null | undefined, absent: number): number {
  if (!given) return absent;
  const ms = Number(given.seconds ?? 0) * 1000 + (given.nanos ?? 0) / 1_000_000;
  if (ms >= 0 && ms <= MAXIMUM_MS) return ms;
  throw invalid(`Invalid retry_policy.${name} (${ms / 1000} s); it is 0 to 600 s.`);
}

function durationOf(ms: number): IDuration {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1_000_000) };
}
