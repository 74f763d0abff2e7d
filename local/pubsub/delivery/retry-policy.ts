import type { protos } from '@google-cloud/pubsub';
import { invalid } from '../errors.ts';

/** How long the server waits before it delivers a message again, after a nack or an expired lease. */
export interface RetryPolicy {
  readonly minimumMs: number;
  readonly maximumMs: number;
}

type IRetryPolicy = protos.google.pubsub.v1.IRetryPolicy;
type IDuration = protos.google.protobuf.IDuration;

/** The service's defaults for what a policy leaves out. */
const DEFAULT_MINIMUM_MS = 10_000;
const MAXIMUM_MS = 600_000;

/** Returns null without a policy: a message is then delivered again at once. */
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

/** @param attempts how often the message was nacked or its lease expired, this time included */
export function backoffMs({ minimumMs, maximumMs }: RetryPolicy, attempts: number): number {
  return Math.min(maximumMs, Math.max(minimumMs, 1) * 2 ** (attempts - 1));
}

function parseBackoff(name: string, given: IDuration | null | undefined, absent: number): number {
  if (!given) return absent;
  const ms = Number(given.seconds ?? 0) * 1000 + (given.nanos ?? 0) / 1_000_000;
  if (ms >= 0 && ms <= MAXIMUM_MS) return ms;
  throw invalid(`Invalid retry_policy.${name} (${ms / 1000} s); it must be 0 to 600 s.`);
}

function durationOf(ms: number): IDuration {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1_000_000) };
}
