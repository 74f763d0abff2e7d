import type { protos } from '@google-cloud/bigquery-storage';
import type { Column, ColumnType } from '../../../shared/columns.ts';

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
 * The protobuf message that rows of these columns are sent as: column n is field n, counted from 1. A
 * column whose name is no protobuf identifier is sent under another, with Google's `column_name` option.
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
