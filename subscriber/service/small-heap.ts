export interface HeapSize {
  oldSpaceMb: number;
  semiSpaceMb: number;
}

/** For glibc's allocator: what chunks and rows leave behind goes back to the system, some 40 MB. */
export const frugalAllocator = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** The subscriber's: below 300 MB in all, with what is in hand, its rows and the files of exports. */
export const subscriberHeap: HeapSize = { oldSpaceMb: 192, semiSpaceMb: 16 };

export function heapFlags({ oldSpaceMb, semiSpaceMb }: HeapSize): string[] {
  return [`--max-semi-space-size=${semiSpaceMb}`, `--max-old-space-size=${oldSpaceMb}`];
}

/**
 * Begins the process anew, as the same process, with a heap that stays small: left to itself, V8 lets garbage
 * grow with the memory of the machine, whatever little is alive. Where Node can't do that (Windows, before
 * 22.15), or the user has set a size, nothing happens.
 */
export function keepHeapSmall(size: HeapSize): void {
  const { execve, execPath, execArgv, argv, env } = process;
  const isSized = [...execArgv, env['NODE_OPTIONS'] ?? ''].some((flag) => /space-size/.test(flag));
  if (isSized || execve === undefined || process.platform === 'win32') return;
  const words = [execPath, ...heapFlags(size), ...execArgv, ...argv.slice(1)];
  execve.call(process, execPath, words, { ...frugalAllocator, ...env });
}
