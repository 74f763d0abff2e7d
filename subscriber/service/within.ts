import { setTimeout as sleep } from 'node:timers/promises';

/** What the work gives, or a rejection when it takes longer; the work itself goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = async () => {
    await sleep(ms, undefined, { signal: ended.signal });
    throw new Error(`no answer within ${ms / 1000} s`);
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    ended.abort();
  }
}
