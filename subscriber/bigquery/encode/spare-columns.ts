import type { Row, TableLayout, Value } from '../../../shared/columns.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import type { ValueNote } from '../../../shared/shape/map-columns.ts';
import type { Encoded } from './encoded.ts';

/** The columns that a row which is too large may be without. */
export function spareColumns({ columns, key = [] }: TableLayout): readonly string[] {
  return columns
    .filter(({ name, spare, required }) => spare && !required && !key.includes(name))
    .map(({ name }) => name);
}

/**
 * The row without those spare columns that make it too large, the largest first, and a note of each; as it was
 * refused where it is too large without them, too.
 *
 * @param encode of a row
 */
export function withoutSpare(
  refused: Encoded,
  row: Row,
  spare: readonly string[],
  encode: (row: Row) => Encoded,
): Encoded {
  const left: ValueNote[] = [];
  let smaller = row;
  const bySize = spare.toSorted((a, b) => lengthOf(row[b]) - lengthOf(row[a]));
  for (const column of bySize) {
    if (lengthOf(row[column]) === 0) break;
    smaller = { ...smaller, [column]: null };
    left.push({ column, reason: 'is left out, as the row would be too large with it' });
    const encoded = encode(smaller);
    if (encoded.ok) return { ...encoded, notes: [...left, ...(encoded.notes ?? [])] };
    if (encoded.code !== 'too_large') return encoded;
  }
  return refused;
}

/** Of other values there is not enough to matter. */
function lengthOf(value: Value | undefined): number {
  if (typeof value === 'string') return value.length;
  return value instanceof JsonText ? value.text.length : 0;
}
