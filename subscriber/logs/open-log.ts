import type { Log } from '../log.ts';
import { toCloudLogging } from './cloud-logging.ts';
import { describeEntry, nameWidthOf } from './terminal-lines.ts';

export interface LogSettings {
  /** Google's project, of the traces. */
  project?: string;
  /** Of the streams. */
  names?: Iterable<string>;
  output?: NodeJS.WriteStream;
  /** Unix milliseconds. */
  now?: () => number;
}

/** Logs to standard output: short lines on a terminal, else the JSON of Cloud Logging. */
export function openLog({
  project,
  names = [],
  output = process.stdout,
  now = Date.now,
}: LogSettings = {}): Log {
  const nameWidth = nameWidthOf(names);
  return (entry) => {
    const time = new Date(now());
    const line = output.isTTY
      ? describeEntry(entry, time, { output, nameWidth })
      : toCloudLogging(entry, time, project);
    output.write(`${line}\n`);
  };
}
