import type { Row } from '../columns.ts';
import type { Mapping } from '../source.ts';
import { cellOf } from './cell.ts';
import { readRaw, type Surroundings } from './from.ts';
import type { Plan } from './plan.ts';

/** Required, and readable at the edge, which knows no facts. */
export function missingColumn(view: Surroundings, { columns }: Plan): string | undefined {
  return columns.find(
    ({ required, from }) =>
      required && !from.some(({ of }) => of === 'fact') && readRaw(from, view) === undefined,
  )?.name;
}

/** The columns of a plan, as they are read. */
export function mapColumns(view: Surroundings, { columns }: Plan): Mapping {
  const row: Row = {};
  for (const { name, type, from, unit, required } of columns) {
    const raw = readRaw(from, view);
    if (raw === undefined) {
      if (required) return { ok: false, reason: `${name} is missing`, column: name };
      row[name] = null;
      continue;
    }
    const cell = cellOf(raw, type, unit);
    if (!cell.ok) return { ok: false, reason: `${name} ${cell.reason}`, column: name };
    row[name] = cell.value;
  }
  return { ok: true, row };
}
