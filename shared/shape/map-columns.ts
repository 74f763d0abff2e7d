import type { Row } from '../columns.ts';
import { notText, replaced } from '../formats/replaced.ts';
import { type Cell, cellOf, saysNothing } from './cell.ts';
import { type EventContext, readRaw } from './places.ts';
import type { Plan } from './plan.ts';

/** A column whose value did not fit: it is NULL or changed in the row. */
export interface ValueNote {
  column: string;
  /** Continues a sentence about the column (`is no number`), for people. Contains nothing of the value. */
  reason: string;
}

/**
 * A row, or why the event can never become one. `column` is the column or path with the problem. `event` is the event's
 * index, if a delivery may have several. A row with `notes` is stored, and its delivery is also kept as a dead letter.
 */
export type Mapping = { event?: number } & (
  | { ok: true; row: Row; notes?: readonly ValueNote[] }
  | { ok: false; reason: string; column?: string }
);

/** The first required column without a value, of those that the edge can read: it knows no facts. */
export function missingColumn(view: EventContext, { columns }: Plan): string | undefined {
  return columns.find(({ required, from, type }) => {
    if (!required || from.some(({ of }) => of === 'fact')) return false;
    const raw = readRaw(from, view);
    return raw === undefined || saysNothing(raw, type);
  })?.name;
}

/**
 * The row of an event.
 *
 * @param unfitTime why the event's time does not fit, if it does not
 */
export function mapColumns(view: EventContext, { columns }: Plan, unfitTime?: Cell): Mapping {
  const row: Row = {};
  let notes: ValueNote[] | undefined;
  for (const column of columns) {
    const { name, required, mustFit, mustBeWhole } = column;
    const raw = readRaw(column.from, view);
    const cell = readCell(raw, column, unfitTime);
    if (cell.ok && cell.value === null && required) {
      return { ok: false, reason: `${name} is missing`, column: name };
    }
    row[name] = cell.ok ? cell.value : null;
    const isLossy = raw !== undefined && view.isLossy?.(raw);
    if (cell.ok && !isLossy) continue;
    if (cell.ok ? mustBeWhole : mustFit) {
      const reason = cell.ok ? notText : cell.reason;
      return { ok: false, reason: `${name} ${reason}`, column: name };
    }
    notes ??= [];
    notes.push({ column: name, reason: cell.ok ? replaced : cell.reason });
  }
  return notes ? { ok: true, row, notes } : { ok: true, row };
}

const absent: Cell = { ok: true, value: null };

function readCell(
  raw: string | undefined,
  { from, type, unit }: Plan['columns'][number],
  unfitTime: Cell | undefined,
): Cell {
  if (raw !== undefined) return cellOf(raw, type, unit);
  const isOfTime =
    unfitTime && from.some((place) => 'fact' in place && place.fact === 'event:time');
  return isOfTime ? unfitTime : absent;
}
