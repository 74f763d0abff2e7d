import type { PartName } from '../../local/parts/part.ts';
import { terminalText } from '../../shared/terminal-text.ts';

/**
 * Prints a line that a part of the stack logged: structured ones short enough to read along, others as
 * they are.
 */
export function printPartLine(part: PartName, line: string): void {
  const clock = new Date().toISOString().slice(11, 23);
  console.log(`${clock} ${part.padEnd(10)} ${terminalText(toReadable(line))}`);
}

/** Left out: what every line says, and what only a machine reads. */
const unread = new Set(['severity', 'message', 'time', 'colo', 'traceparent']);

function toReadable(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== 'object' || entry === null) return line;
  const fields = Object.entries(entry)
    .filter(([name, value]) => !unread.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = 'message' in entry ? `${String(entry.message)} ` : '';
  return `${message}${fields.join(' ')}`;
}
