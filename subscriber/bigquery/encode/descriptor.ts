import type { protos } from '@google-cloud/bigquery-storage';
import type { Column, ColumnType } from '../../../shared/columns.ts';
import type { ProtoWriter } from './proto-writer.ts';

type DescriptorProto = protos.google.protobuf.IDescriptorProto;
type FieldDescriptorProto = protos.google.protobuf.IFieldDescriptorProto;

const DOUBLE = 1;
const INT64 = 3;
const INT32 = 5;
const BOOL = 8;
const STRING = 9;
const MESSAGE = 11;
const BYTES = 12;

/** https://cloud.google.com/bigquery/docs/supported-data-types#supported_protocol_buffer_data_types */
const WIRE_TYPES: Record<ColumnType, number> = {
  STRING,
  BYTES,
  INT64,
  FLOAT64: DOUBLE,
  NUMERIC: STRING,
  BIGNUMERIC: STRING,
  BOOL,
  TIMESTAMP: INT64,
  DATE: INT32,
  DATETIME: STRING,
  TIME: STRING,
  JSON: STRING,
  RECORD: MESSAGE,
};

const LABELS = { NULLABLE: 1, REQUIRED: 2, REPEATED: 3 };

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The protobuf message in which rows of these columns are sent: column n is field n, counted from 1. A column
 * whose name is not a protobuf identifier gets another name, with Google's `column_name` option.
 */
export function describeColumns(columns: readonly Column[], name = 'Row'): DescriptorProto {
  const nested: DescriptorProto[] = [];
  const fields = columns.map((column, index) => {
    const field: FieldDescriptorProto = {
      name: IDENTIFIER.test(column.name) ? column.name : `column_${index + 1}`,
      number: index + 1,
      type: WIRE_TYPES[column.type],
      label: LABELS[column.mode ?? 'NULLABLE'],
    };
    if (field.name !== column.name) {
      field.options = { '.google.cloud.bigquery.storage.v1.columnName': column.name };
    }
    if (column.type === 'RECORD') {
      field.typeName = `${name}_${index + 1}`;
      nested.push(describeColumns(column.columns ?? [], field.typeName));
    }
    return field;
  });
  return nested.length === 0
    ? { name, field: fields }
    : { name, field: fields, nestedType: nested };
}

/**
 * The pseudo-columns that make a row an upsert by the table's primary key; they follow the table's own columns.
 * https://cloud.google.com/bigquery/docs/change-data-capture#specify_changes_to_existing_records
 */
export function changeFields(columns: number): FieldDescriptorProto[] {
  return ['_CHANGE_TYPE', '_CHANGE_SEQUENCE_NUMBER'].map((name, index) => ({
    name,
    number: columns + 1 + index,
    type: STRING,
    label: LABELS.NULLABLE,
  }));
}

/** @param sequence up to four sections of hexadecimal digits: of the rows with one key, the greatest stays */
export function writeChange(out: ProtoWriter, columns: number, sequence: string): void {
  out.string(columns + 1, 'UPSERT');
  out.string(columns + 2, sequence);
}
