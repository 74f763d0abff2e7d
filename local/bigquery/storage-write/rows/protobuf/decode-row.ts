import type { Cell } from '../../../tables/cell.ts';
import { BadRow } from '../../refusals.ts';
import type { CellReader } from '../cell-readers.ts';
import { RowReader } from './row-reader.ts';

const DELIMITED = 2;

/** How one field of the sender's message becomes a cell. */
export interface FieldPlan {
  /** The index of the cell in its row or record. */
  position: number;
  path: string;
  wireType: number;
  repeated: boolean;
  /** Either `record`, for a RECORD, or `read`, for every other type. */
  read?: CellReader;
  record?: RecordPlan;
}

/** A message type, matched with the columns of a table or a RECORD. */
export interface RecordPlan {
  columns: number;
  byFieldNumber: ReadonlyMap<number, FieldPlan>;
  required: readonly { position: number; path: string }[];
}

export interface RowPlan extends RecordPlan {
  /** Whether the rows have the pseudo-columns of change-fields.ts. */
  changes: boolean;
  /** The positions of the table's columns that the writer schema has. */
  sent: ReadonlySet<number>;
}

/**
 * Decodes a row without the check of its REQUIRED columns, which may get default values first.
 *
 * @throws BadRow with the column's name, if the bytes are not a row of the table
 */
export function decodeRow(plan: RecordPlan, bytes: Uint8Array): Cell[] {
  return decodeFields(plan, new RowReader(bytes));
}

/** Throws a BadRow if a REQUIRED column has no value. */
export function checkRequired({ required }: Pick<RecordPlan, 'required'>, cells: Cell[]): void {
  for (const { position, path } of required) {
    if ((cells[position] ?? null) === null) throw new BadRow(path, 'Field value is required');
  }
}

function decodeRecord(plan: RecordPlan, reader: RowReader): Cell[] {
  const cells = decodeFields(plan, reader);
  checkRequired(plan, cells);
  return cells;
}

function decodeFields(plan: RecordPlan, reader: RowReader): Cell[] {
  const cells: Cell[] = new Array(plan.columns).fill(null);
  while (reader.position < reader.end) {
    const tag = reader.uint32();
    const field = plan.byFieldNumber.get(tag >>> 3);
    if (!field) throw new BadRow('', `The row has field ${tag >>> 3}, which is not in its schema`);
    decodeField(field, tag & 7, reader, cells);
  }
  return cells;
}

function decodeField(field: FieldPlan, wireType: number, reader: RowReader, cells: Cell[]): void {
  try {
    if (!field.repeated) {
      if (wireType !== field.wireType) throw wrongWireType(wireType);
      cells[field.position] = decodeValue(field, reader);
      return;
    }
    const known = cells[field.position];
    const elements: Cell[] = Array.isArray(known) ? known : [];
    cells[field.position] = elements;
    if (wireType === field.wireType) elements.push(decodeValue(field, reader));
    else if (wireType === DELIMITED) decodePacked(field, reader, elements);
    else throw wrongWireType(wireType);
  } catch (cause) {
    if (!(cause instanceof BadRow) || cause.path !== '') throw cause;
    throw new BadRow(field.path, cause.reason);
  }
}

function decodeValue(field: FieldPlan, reader: RowReader): Cell {
  if (field.read) return field.read(reader);
  if (!field.record) throw new Error(`no way to read ${field.path}`);
  const outer = reader.end;
  reader.end = reader.delimited();
  const cells = decodeRecord(field.record, reader);
  reader.end = outer;
  return cells;
}

/** Reads several numbers in one field, without tags between them. */
function decodePacked(field: FieldPlan, reader: RowReader, elements: Cell[]): void {
  const outer = reader.end;
  reader.end = reader.delimited();
  while (reader.position < reader.end) elements.push(decodeValue(field, reader));
  reader.end = outer;
}

function wrongWireType(wireType: number): BadRow {
  return new BadRow('', `Malformed protobuf: wire type ${wireType} is not that of the field`);
}
