import type { PartName } from '../../local/parts/part.ts';
import { describeEntry, type ShownEntry } from '../../subscriber/logs/terminal-lines.ts';

/** Of the column of the names, where it holds only parts. */
export const partWidth = 'subscriber'.length;

/**
 * A line that a part of the local stack logged, as the subscriber shows its own on a terminal.
 *
 * @param output where it is printed
 * @param nameWidth of the streams' names
 */
export function describePartLine(
  part: PartName,
  line: string,
  output: NodeJS.WriteStream,
  nameWidth = partWidth,
): string {
  return describeEntry(toEntry(line), new Date(), { output, nameWidth, part });
}

function toEntry(line: string): ShownEntry {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) {
      return entry as ShownEntry;
    }
  } catch {
    // Not every part logs JSON.
  }
  return { message: line };
}
