import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The CPU figures come from Linux's /proc. */
export const canMeasureCpu = process.platform === 'linux';

const ticksPerSecond = canMeasureCpu
  ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  : Number.NaN;

/** CPU that a process has used, in user and system mode, in seconds; proc_pid_stat(5). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the command name in brackets, may contain spaces: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime] = [fields[11], fields[12]];
  return (Number(utime) + Number(stime)) / ticksPerSecond;
}

/** The same in milliseconds at the scheduler's precision, but only for threads that are alive. */
export function fineCpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const ns = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** Pins a command to the last core, if taskset is installed: the load then runs on the others. */
export function onOneCore(command: string, args: readonly string[]): [string, string[]] {
  if (!canMeasureCpu || !isInstalled('taskset')) return [command, [...args]];
  const status = readFileSync('/proc/self/status', 'utf8');
  const lastCore = /^Cpus_allowed_list:.*?(\d+)$/m.exec(status)?.[1] ?? '0';
  return ['taskset', ['--cpu-list', lastCore, command, ...args]];
}

export function isInstalled(command: string): boolean {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
