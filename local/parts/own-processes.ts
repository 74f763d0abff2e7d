import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/** The processes that this one starts from now on, whichever module starts them. */
export function followProcesses(): readonly ChildProcess[] {
  const started: ChildProcess[] = [];
  subscribe('child_process', (message) => {
    started.push((message as { process: ChildProcess }).process);
  });
  return started;
}
