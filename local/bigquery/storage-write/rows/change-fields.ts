// The pseudo-columns that make a row an upsert or a delete by primary key.
// https://cloud.google.com/bigquery/docs/change-data-capture#specify_changes_to_existing_records

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { keyFields, type RowChange } from '../../storage/upserts.ts';
import type { Cell } from '../../tables/cell.ts';
import { formatTable, type Table } from '../../tables/schema.ts';
import { BadRow, Refusal } from '../refusals.ts';
import type { FieldPlan, RecordPlan } from './protobuf/decode-row.ts';

const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;

type FieldProto = protos.google.protobuf.IFieldDescriptorProto;

const CHANGE_TYPE = '_CHANGE_TYPE';
const SEQUENCE = '_CHANGE_SEQUENCE_NUMBER';
const DELIMITED = 2;
/** "Up to four sections of up to 16 hexadecimal characters." */
const SECTIONS = /^[0-9a-f]{1,16}(?:\/[0-9a-f]{1,16}){0,3}$/i;
const SECTION_CHARS = 16;

export function isChangeField(name: string): boolean {
  return [CHANGE_TYPE, SEQUENCE].includes(name.toUpperCase());
}

/**
 * Adds the two pseudo-columns after the columns of the plan. Only the default stream changes rows; the
 * others take rows of the type INSERT.
 */
export function planChanges(
  table: Table,
  plan: RecordPlan,
  fields: readonly FieldProto[],
  isDefault: boolean,
): RecordPlan {
  if (isDefault && keyFields(table).length === 0) {
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `${CHANGE_TYPE} needs a primary key, and ${formatTable(table)} declares none`,
    );
  }
  const byFieldNumber = new Map(plan.byFieldNumber);
  for (const field of fields) {
    const isText = field.type === Type.TYPE_STRING && field.label !== Label.LABEL_REPEATED;
    if (!isText || !field.number || byFieldNumber.has(field.number)) {
      throw new Refusal(status.INVALID_ARGUMENT, `${field.name} must be one string`);
    }
    byFieldNumber.set(field.number, planText(String(field.name).toUpperCase(), plan.columns));
  }
  if (byFieldNumber.size === plan.byFieldNumber.size + 1 && !names(fields).includes(CHANGE_TYPE)) {
    throw new Refusal(status.INVALID_ARGUMENT, `${SEQUENCE} needs ${CHANGE_TYPE} as well`);
  }
  // Which columns are required depends on the change: see readChange.
  const required = isDefault ? [] : plan.required;
  return { columns: plan.columns + 2, byFieldNumber, required };
}

function names(fields: readonly FieldProto[]): string[] {
  return fields.map(({ name }) => String(name).toUpperCase());
}

function planText(path: string, columns: number): FieldPlan {
  const position = columns + (path === CHANGE_TYPE ? 0 : 1);
  const read = (reader: { string(): string }) => reader.string();
  return { position, path, wireType: DELIMITED, repeated: false, read };
}

/** The cells of a row of type INSERT. Throws a BadRow for other types, which only the default stream takes. */
export function readInsert(table: Table, row: readonly Cell[]): Cell[] {
  const columns = table.schema.length;
  const type = String(row[columns] ?? '');
  if (type.toUpperCase() !== 'INSERT') {
    throw new BadRow(
      CHANGE_TYPE,
      `The given value is not a valid CHANGE_TYPE in insert mode: ${type}`,
    );
  }
  return row.slice(0, columns);
}

/**
 * Reads a change. An INSERT, which Google's own tests send, is an upsert here: the key is unique.
 *
 * @throws BadRow if the row is not a valid change of the table
 */
export function readChange(table: Table, row: readonly Cell[]): RowChange {
  const columns = table.schema.length;
  const type = String(row[columns] ?? '').toUpperCase();
  if (type !== 'UPSERT' && type !== 'DELETE' && type !== 'INSERT') {
    const given = row[columns] ?? '';
    throw new BadRow(CHANGE_TYPE, `The given value is not a valid CHANGE_TYPE: ${given}`);
  }
  const isDelete = type === 'DELETE';
  const keys = keyFields(table);
  for (const [index, field] of table.schema.entries()) {
    const isNeeded = keys.includes(field) || (field.mode === 'REQUIRED' && !isDelete);
    if (isNeeded && (row[index] ?? null) === null) {
      throw new BadRow(field.name, `Field value is required for ${type}`);
    }
  }
  return { cells: row.slice(0, columns), isDelete, sequence: readSequence(row[columns + 1]) };
}

/** Pads all sections to one width, so that they compare as text. A missing section counts as 0. */
function readSequence(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  if (!SECTIONS.test(String(cell))) {
    throw new BadRow(SEQUENCE, 'The value must be 1 to 4 sections of 1 to 16 hexadecimal digits');
  }
  return String(cell)
    .toLowerCase()
    .split('/')
    .map((section) => section.padStart(SECTION_CHARS, '0'))
    .join('')
    .replace(/(?:0{16})+$/, '');
}
