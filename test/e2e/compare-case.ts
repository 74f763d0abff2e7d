import type { StoredRow } from '../beds/relay-bed.ts';
import type { Right } from './delivery-case.ts';
import type { Answer } from './raw-http.ts';

/** What became of one delivery. */
export interface Ending {
  answer: Answer;
  stored: readonly StoredRow[];
  deadLetters: readonly Record<string, unknown>[];
}

/**
 * The same, told in the terms of what is right for it: of headers, columns and members of JSON only those that
 * `right` names. A repeated value, and `fields`, are told whole.
 */
export function seenAs(right: Right, { answer, stored, deadLetters }: Ending): Right {
  const { headers, row, rows, inPart, dead, body } = right;
  return {
    status: answer.status,
    ...(headers && { headers: pick(headers, answer.headers) as Record<string, string> }),
    ...(body !== undefined && { body: answer.body }),
    ...(row !== undefined && { row: seenRow(row, stored) }),
    ...(rows && { rows: inOrder(stored).map(({ cells }, n) => pickCells(rows[n] ?? {}, cells)) }),
    ...(inPart && { inPart: columnsIn(deadLetters.filter(isInPart)) }),
    ...(dead && deadLetters.some((letter) => !isInPart(letter)) && { dead }),
  };
}

const isInPart = (letter: Record<string, unknown>) => letter['written_in_part'] === true;

function columnsIn(letters: readonly Record<string, unknown>[]): string[] {
  return letters.flatMap((letter) => String(letter['column']).split(/, ?/)).sort();
}

function seenRow(row: Record<string, unknown> | null, stored: readonly StoredRow[]) {
  const [found] = stored;
  if (!found) return null;
  if (stored.length > 1) return { rows: stored.length };
  return pickCells(row ?? {}, found.cells);
}

function pickCells(cells: Record<string, unknown>, found: Record<string, unknown>) {
  return Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => [
      name,
      name === 'fields' ? found[name] : pick(cell, found[name]),
    ]),
  );
}

function pick(named: unknown, found: unknown): unknown {
  if (Array.isArray(named) || !isObject(named) || !isObject(found)) return found;
  return Object.fromEntries(
    Object.keys(named).map((name) => [name, pick(named[name], found[name])]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function inOrder(stored: readonly StoredRow[]): StoredRow[] {
  const indexOf = ({ cells }: StoredRow) => Number(cells['event_index'] ?? 0);
  return stored.toSorted((a, b) => indexOf(a) - indexOf(b));
}
