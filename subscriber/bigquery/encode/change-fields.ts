import type { protos } from '@google-cloud/bigquery-storage';
import type { ProtoWriter } from './proto-writer.ts';

type FieldDescriptorProto = protos.google.protobuf.IFieldDescriptorProto;

const STRING = 9;
const OPTIONAL = 1;

/**
 * The pseudo-columns that make a row an upsert by the table's primary key, behind the table's own columns.
 * https://cloud.google.com/bigquery/docs/change-data-capture#specify_changes_to_existing_records
 */
export function changeFields(columns: number): FieldDescriptorProto[] {
  return ['_CHANGE_TYPE', '_CHANGE_SEQUENCE_NUMBER'].map((name, index) => ({
    name,
    number: columns + 1 + index,
    type: STRING,
    label: OPTIONAL,
  }));
}

/** @param sequence up to four sections of hexadecimal digits: of rows with one key, the greatest stays */
export function writeChange(out: ProtoWriter, columns: number, sequence: string): void {
  out.string(columns + 1, 'UPSERT');
  out.string(columns + 2, sequence);
}
