import { terminalJson } from '../../shared/terminal-text.ts';
import type { LogEntry } from '../log.ts';

const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * An entry as a line of JSON, with the fields that Cloud Logging reads:
 * https://cloud.google.com/logging/docs/structured-logging
 *
 * @param project of the traces; without one, the line names none
 */
export function toCloudLogging(entry: LogEntry, now: Date, project?: string): string {
  const { severity, message, traceparent, ...fields } = entry;
  const [, trace, span] = traceparentForm.exec(String(traceparent)) ?? [];
  const { stream } = fields;
  const line = {
    severity,
    message,
    time: now.toISOString(),
    ...fields,
    ...(trace !== undefined &&
      project !== undefined && {
        'logging.googleapis.com/trace': `projects/${project}/traces/${trace}`,
        'logging.googleapis.com/spanId': span,
      }),
    ...(stream !== undefined && { 'logging.googleapis.com/labels': { stream: String(stream) } }),
  };
  return terminalJson(JSON.stringify(line));
}
