import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, isMissing } from './google-errors.ts';

const firstPauseMs = 500;
const longestPauseMs = 8000;
const withinMs = 60_000;

/**
 * A new service account is known everywhere after some seconds; until then IAM answers that there is none:
 * https://cloud.google.com/iam/docs/service-accounts-create
 */
export async function untilVisible<T>(call: () => Promise<T>): Promise<T> {
  const until = performance.now() + withinMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await call();
    } catch (error) {
      if (!isNotYet(error) || performance.now() + pauseMs > until) throw error;
    }
    await sleep(pauseMs);
  }
}

function isNotYet(error: unknown): boolean {
  const code = codeOf(error);
  return isMissing(code) || (code === 400 && /does not exist/i.test((error as Error).message));
}
