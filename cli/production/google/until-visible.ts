import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, isMissing } from './google-errors.ts';

const firstPauseMs = 500;
const longestPauseMs = 8000;
const withinMs = 90_000;

/**
 * Tries again what Google does not know of yet. A new service account is known everywhere after some seconds, and
 * an API that was enabled just now answers after a minute: https://cloud.google.com/iam/docs/service-accounts-create
 */
export async function untilVisible<T>(
  call: () => Promise<T>,
  isNotYet: (error: unknown) => boolean = isUnknownAccount,
): Promise<T> {
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

function isUnknownAccount(error: unknown): boolean {
  const code = codeOf(error);
  return isMissing(code) || (code === 400 && /does not exist/i.test((error as Error).message));
}
