import { bignumericUnits } from '../values/bignumeric.ts';
import type { Field } from './schema.ts';

/**
 * One value of a row, in the JavaScript type its column asks for:
 *
 * | FieldType            | Cell                                                            |
 * |----------------------|-----------------------------------------------------------------|
 * | STRING               | string                                                          |
 * | BYTES                | Uint8Array                                                      |
 * | INTEGER              | bigint, within int64                                            |
 * | FLOAT                | number (NaN and infinities included)                            |
 * | NUMERIC              | decimal string: ≤ 29 digits before the point, ≤ 9 after         |
 * | BIGNUMERIC           | decimal string: ≤ 39 digits before the point, ≤ 38 after        |
 * | BOOLEAN              | boolean                                                         |
 * | TIMESTAMP            | bigint: microseconds since 1970-01-01T00:00:00Z                 |
 * | DATE                 | number: days since 1970-01-01                                   |
 * | DATETIME             | bigint: microseconds since 1970-01-01T00:00:00, no zone         |
 * | TIME                 | bigint: microseconds since midnight                             |
 * | JSON                 | string: JSON text that JSON.parse accepts (the caller checks)   |
 * | RECORD               | array of cells, in the order of the record's fields             |
 * | any, mode REPEATED   | array of cells, none of them null; null means empty             |
 *
 * `null` is NULL, and is refused in a REQUIRED column.
 */
export type Cell = null | string | bigint | number | boolean | Uint8Array | Cell[];

/** A cell that does not fit its column. `path` is dotted, as `items[2].price`. */
export class CellError extends Error {
  readonly path: string;
  readonly rowIndex: number;

  constructor(path: string, reason: string, rowIndex: number) {
    super(path === '' ? reason : `${path}: ${reason}`);
    this.name = 'CellError';
    this.path = path;
    this.rowIndex = rowIndex;
  }
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** BigQuery's range for dates and times: 0001-01-01 to 9999-12-31T23:59:59.999999. */
const MICROS_MIN = -62_135_596_800_000_000n;
const MICROS_MAX = 253_402_300_799_999_999n;
const DAYS_MIN = -719_162;
const DAYS_MAX = 2_932_896;
const DAY_MICROS = 86_400_000_000n;
const NUMERIC = /^-?\d{1,29}(?:\.\d{1,9})?$/;

/** Throws a CellError unless `cell` matches `field` by the table above. */
export function checkCell(field: Field, cell: Cell, rowIndex: number): void {
  const problem = findProblem(field, cell, field.name);
  if (problem !== undefined) throw new CellError(problem.path, problem.reason, rowIndex);
}

interface CellProblem {
  path: string;
  reason: string;
}

function findProblem(field: Field, cell: Cell, path: string): CellProblem | undefined {
  if (cell === null) {
    return field.mode === 'REQUIRED' ? { path, reason: 'null in a REQUIRED column' } : undefined;
  }
  if (field.mode !== 'REPEATED') return findScalarProblem(field, cell, path);
  if (!Array.isArray(cell)) return { path, reason: 'a REPEATED column needs an array' };
  for (const [index, item] of cell.entries()) {
    const itemPath = `${path}[${index}]`;
    if (item === null) return { path: itemPath, reason: 'null in an array' };
    const problem = findScalarProblem(field, item, itemPath);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findScalarProblem(
  field: Field,
  cell: Exclude<Cell, null>,
  path: string,
): CellProblem | undefined {
  if (field.type === 'RECORD') return findRecordProblem(field, cell, path);
  if (fits(field, cell)) return undefined;
  return { path, reason: `${typeof cell} value does not fit a column of type ${field.type}` };
}

function findRecordProblem(
  field: Field,
  cell: Exclude<Cell, null>,
  path: string,
): CellProblem | undefined {
  const fields = field.fields ?? [];
  if (!Array.isArray(cell) || cell.length !== fields.length) {
    return { path, reason: `a RECORD needs an array of ${fields.length} cells` };
  }
  for (const [index, inner] of fields.entries()) {
    const problem = findProblem(inner, cell[index] ?? null, `${path}.${inner.name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fits(field: Field, cell: Exclude<Cell, null>): boolean {
  switch (field.type) {
    case 'STRING':
    case 'JSON':
      return typeof cell === 'string';
    case 'BYTES':
      return cell instanceof Uint8Array;
    case 'INTEGER':
      return within(cell, INT64_MIN, INT64_MAX);
    case 'FLOAT':
      return typeof cell === 'number';
    case 'BOOLEAN':
      return typeof cell === 'boolean';
    case 'NUMERIC':
      return typeof cell === 'string' && NUMERIC.test(cell);
    case 'BIGNUMERIC':
      return typeof cell === 'string' && bignumericUnits(cell) !== undefined;
    case 'TIMESTAMP':
    case 'DATETIME':
      return within(cell, MICROS_MIN, MICROS_MAX);
    case 'TIME':
      return within(cell, 0n, DAY_MICROS - 1n);
    case 'DATE':
      return Number.isInteger(cell) && Number(cell) >= DAYS_MIN && Number(cell) <= DAYS_MAX;
    case 'RECORD':
      return false;
  }
}

function within(cell: Cell, min: bigint, max: bigint): boolean {
  return typeof cell === 'bigint' && cell >= min && cell <= max;
}
