import type { PartName } from '../../local/parts/part.ts';
import { terminalText } from '../../shared/terminal-text.ts';

/** A line that a part of the local stack logged. JSON is shortened to what a person reads. */
export function describePartLine(part: PartName, line: string): string {
  const clock = new Date().toISOString().slice(11, 23);
  return `${clock} ${part.padEnd(10)} ${terminalText(toReadable(line))}`;
}

/** Fields that are the same in every line, or are only for machines. */
const hidden = new Set(['severity', 'message', 'time', 'colo', 'traceparent']);

function toReadable(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== 'object' || entry === null) return line;
  const fields = Object.entries(entry)
    .filter(([name, value]) => !hidden.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = 'message' in entry ? `${String(entry.message)} ` : '';
  return `${message}${fields.join(' ')}`;
}
