export interface HeapSize {
  oldSpaceMb: number;
  semiSpaceMb: number;
}

/** Makes glibc's allocator return freed memory to the system, some 40 MB. */
export const frugalAllocator = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** The subscriber's: less than 300 MB in all, with messages in flight, their rows and the files of exports. */
export const subscriberHeap: HeapSize = { oldSpaceMb: 192, semiSpaceMb: 16 };

export function heapFlags({ oldSpaceMb, semiSpaceMb }: HeapSize): string[] {
  return [`--max-semi-space-size=${semiSpaceMb}`, `--max-old-space-size=${oldSpaceMb}`];
}

/**
 * Replaces the process by itself with a small heap: by default, V8 lets garbage grow with the memory of the machine,
 * however little is alive. Does nothing where Node can't do that (Windows, before 22.15), or the user has set a
 * size.
 */
export function keepHeapSmall(size: HeapSize): void {
  const { execve, execPath, execArgv, argv, env } = process;
  const isSized = [...execArgv, env['NODE_OPTIONS'] ?? ''].some((flag) => /space-size/.test(flag));
  if (isSized || execve === undefined || process.platform === 'win32') return;
  const words = [execPath, ...heapFlags(size), ...execArgv, ...argv.slice(1)];
  execve.call(process, execPath, words, { ...frugalAllocator, ...env });
}
