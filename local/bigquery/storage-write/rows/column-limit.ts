// STRING(n), BYTES(n), NUMERIC(p, s) and BIGNUMERIC(p, s).
// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types

import type { Cell } from '../../tables/cell.ts';
import type { Field } from '../../tables/schema.ts';
import { BadRow } from '../refusals.ts';

/** The check of one value against the column's parameters, or undefined if the column has none. */
export function limited(field: Field): ((cell: Cell) => Cell) | undefined {
  const { maxLength, precision, scale } = field.extra ?? {};
  if (maxLength !== undefined && (field.type === 'STRING' || field.type === 'BYTES')) {
    return (cell) => checkLength(field, cell, Number(maxLength));
  }
  if (precision !== undefined && (field.type === 'NUMERIC' || field.type === 'BIGNUMERIC')) {
    return (cell) => fitDecimal(field, cell, Number(precision), Number(scale ?? 0));
  }
  return undefined;
}

function checkLength({ name, type }: Field, cell: Cell, maxLength: number): Cell {
  const length = typeof cell === 'string' ? [...cell].length : (cell as Uint8Array).length;
  if (length <= maxLength) return cell;
  throw new BadRow(
    '',
    `Field ${name}: ${type}(${maxLength}) has maximum length ${maxLength} but got a value with length ${length}`,
  );
}

/** Rounds half away from zero to `scale` digits. Throws a BadRow for too many digits before the point. */
function fitDecimal({ name, type }: Field, cell: Cell, precision: number, scale: number): Cell {
  const [sign, whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/
    .exec(String(cell))
    ?.slice(1) ?? ['', '0', ''];
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  const units = digits + ((fraction[scale] ?? '0') >= '5' ? 1n : 0n);
  const text = units.toString().padStart(scale + 1, '0');
  if (text.replace(/^0+/, '').length > precision) {
    throw new BadRow(
      '',
      `Field ${name}: ${type}(${precision}, ${scale}) has precision ${precision} and scale ${scale} but got a value that is not in range`,
    );
  }
  const point = text.length - scale;
  const rest = text.slice(point).replace(/0+$/, '');
  return `${units === 0n ? '' : sign}${text.slice(0, point)}${rest === '' ? '' : `.${rest}`}`;
}
