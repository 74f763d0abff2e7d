/** Room for lines of 8 MB; V8 collects the sooner the smaller the limit is. */
const heapFlags = ['--max-semi-space-size=2', '--max-old-space-size=128'];
/** What the chunks and rows of a file leave behind goes back to the system: 40 MB, with glibc. */
const allocator = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/**
 * Begins the process anew, as the same process, with a heap that stays small: left to itself, V8 lets garbage
 * grow with the memory of the machine, whatever little is alive. Where Node can't do that (Windows, before
 * 22.15), or the user has set a size, nothing happens.
 */
export function keepHeapSmall(): void {
  const { execve, execPath, execArgv, argv, env } = process;
  const isSized = [...execArgv, env['NODE_OPTIONS'] ?? ''].some((flag) => /space-size/.test(flag));
  if (isSized || execve === undefined || process.platform === 'win32') return;
  const words = [execPath, ...heapFlags, ...execArgv, ...argv.slice(1)];
  execve.call(process, execPath, words, { ...allocator, ...env });
}
