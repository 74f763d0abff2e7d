import type { Row, Value } from '../columns.ts';
import { JsonText } from '../json-text.ts';
import type { Mapping, ValueNote } from '../source.ts';
import { type Cell, cellOf, saysNothing } from './cell.ts';
import { readRaw, type Surroundings } from './from.ts';
import type { Plan } from './plan.ts';

/** Required, and readable at the edge, which knows no facts. */
export function missingColumn(view: Surroundings, { columns }: Plan): string | undefined {
  return columns.find(({ required, from, type }) => {
    if (!required || from.some(({ of }) => of === 'fact')) return false;
    const raw = readRaw(from, view);
    return raw === undefined || saysNothing(raw, type);
  })?.name;
}

/**
 * The columns of a plan, as they are read.
 *
 * @param unfitTime why the event's time does not fit, where it does not
 */
export function mapColumns(view: Surroundings, { columns }: Plan, unfitTime?: Cell): Mapping {
  const row: Row = {};
  let notes: ValueNote[] | undefined;
  for (const column of columns) {
    const { name, required, mustFit } = column;
    const cell = readCell(column, view, unfitTime);
    if (cell.ok) {
      if (required && cell.value === null) {
        return { ok: false, reason: `${name} is missing`, column: name };
      }
      row[name] = cell.value;
      if (!view.isReplaced || !isReplaced(cell.value)) continue;
    }
    const reason = cell.ok ? notText : cell.reason;
    if (mustFit) return { ok: false, reason: `${name} ${reason}`, column: name };
    if (!cell.ok) row[name] = null;
    notes ??= [];
    notes.push({ column: name, reason: cell.ok ? `${reason}: ${replaced}` : reason });
  }
  return notes ? { ok: true, row, notes } : { ok: true, row };
}

const notText = 'is not UTF-8';
const replaced = 'U+FFFD stands for what is not';

function isReplaced(value: Value): boolean {
  return (typeof value === 'string' || value instanceof JsonText) && `${value}`.includes('\ufffd');
}

const absent: Cell = { ok: true, value: null };

function readCell(
  { from, type, unit }: Plan['columns'][number],
  view: Surroundings,
  unfitTime: Cell | undefined,
): Cell {
  const raw = readRaw(from, view);
  if (raw !== undefined) return cellOf(raw, type, unit);
  const isOfTime =
    unfitTime && from.some((place) => 'fact' in place && place.fact === 'event:time');
  return isOfTime ? unfitTime : absent;
}
