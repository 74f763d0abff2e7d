import { cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What was measured on; the load is that of the last minute before the end. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

export type Machine = ReturnType<typeof describeMachine>;
