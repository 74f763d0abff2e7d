import { terminalJson } from '../shared/terminal-text.ts';

/** One structured line, as Cloud Logging reads it from standard output. Holds no payload and no secret. */
interface LogEntry {
  severity: 'INFO' | 'WARNING' | 'ERROR';
  message: string;
  [field: string]: string | number | boolean | undefined;
}

export type Log = (entry: LogEntry) => void;

export const logToStdout: Log = (entry) => {
  const json = JSON.stringify({ ...entry, time: new Date().toISOString() });
  process.stdout.write(`${terminalJson(json)}\n`);
};
