import type { protos } from '@google-cloud/bigquery-storage';
import {
  type Column,
  isRecord,
  type Row,
  type TableLayout,
  type Value,
} from '../../shared/columns.ts';
import { CELL_WRITERS, type CellWriter, DAY_WRITERS, kindOf } from './cells.ts';
import { changeFields, writeChange } from './change-fields.ts';
import { describeColumns } from './descriptor.ts';
import { withinPartitions } from './partition-range.ts';
import { ProtoWriter } from './proto-writer.ts';
import { type Refusal, refuse, within } from './refusal.ts';

/** One append request may hold 10 MB by the API's own description; a row must leave room for the rest. */
export const MAX_ROW_BYTES = 9_000_000;

type Encoded = { ok: true; row: Uint8Array } | ({ ok: false } & Refusal);

export interface RowEncoder {
  /** What the server must know to read the rows: the `writer_schema` of an append. */
  readonly descriptor: protos.google.protobuf.IDescriptorProto;
  /**
   * Never throws for a value: what does not fit the column is refused with the column's path.
   *
   * @param sequence of a row of a table with a key; see writeChange
   */
  encode(row: Row, sequence?: string): Encoded;
}

type RecordWriter = (out: ProtoWriter, row: Row) => Refusal | undefined;

/**
 * Compiles a table's columns into an encoder. Columns that a row leaves out are NULL; a key that is no
 * column is refused, as dropping it would lose data in silence.
 *
 * @param now the clock, in Unix milliseconds, for the range that a partitioned table takes
 */
export function createEncoder(layout: TableLayout, now: () => number): RowEncoder {
  const out = new ProtoWriter();
  const partition = { column: layout.partitionBy?.column, now };
  const { columns, key = [] } = layout;
  const write = compileRecord(columns, partition);
  return {
    descriptor: key.length > 0 ? describeChanges(columns) : describeColumns(columns),
    encode(row, sequence = '0') {
      out.reset();
      const refusal = write(out, row) ?? requireKey(row, key);
      if (refusal) return { ok: false, ...refusal };
      if (key.length > 0) writeChange(out, columns.length, sequence);
      const bytes = out.take();
      if (bytes.length <= MAX_ROW_BYTES) return { ok: true, row: bytes };
      const reason = `${bytes.length} bytes; an append takes rows of at most ${MAX_ROW_BYTES}`;
      return { ok: false, column: '', code: 'too_large', reason };
    },
  };
}

function describeChanges(columns: readonly Column[]): protos.google.protobuf.IDescriptorProto {
  const rows = describeColumns(columns);
  return { ...rows, field: [...(rows.field ?? []), ...changeFields(columns.length)] };
}

/** Rows whose key is NULL would all be one row. */
function requireKey(row: Row, key: readonly string[]): Refusal | undefined {
  const absent = key.find((name) => (row[name] ?? null) === null);
  return absent === undefined ? undefined : within(absent, refuse('missing', 'it is in the key'));
}

interface Partition {
  column: string | undefined;
  now: () => number;
}

/** Has what every row inherits. */
const none: Row = {};

function compileRecord(columns: readonly Column[], partition?: Partition): RecordWriter {
  const writers = columns.map((column, index) => {
    const { name } = column;
    const partitioned = partition?.column === name ? partition : undefined;
    // Of most names, what a row gives is its own.
    return {
      name,
      isInherited: name in none,
      write: compileColumn(column, index + 1, partitioned),
    };
  });
  const names = new Set(columns.map((column) => column.name));
  return (out, row) => {
    for (const key in row) {
      if (!names.has(key))
        return within(key, refuse('unknown_column', 'the table has no such column'));
    }
    for (const { name, isInherited, write } of writers) {
      const isOwn = !isInherited || Object.hasOwn(row, name);
      const refusal = write(out, isOwn ? (row[name] ?? null) : null);
      if (refusal) return within(name, refusal);
    }
    return undefined;
  };
}

type ColumnWriter = (out: ProtoWriter, value: Value) => Refusal | undefined;

function compileColumn(column: Column, field: number, partition?: Partition): ColumnWriter {
  const write = cellWriter(column, partition);
  if (column.mode === 'REPEATED') return (out, value) => writeElements(out, field, value, write);
  const required = column.mode === 'REQUIRED';
  return (out, value) => {
    if (value === null) {
      return required ? refuse('missing', 'the column is REQUIRED') : undefined;
    }
    return write(out, field, value);
  };
}

function cellWriter(column: Column, partition?: Partition): CellWriter {
  const { type } = column;
  if (type === 'RECORD') return recordWriter(column);
  if (partition && (type === 'TIMESTAMP' || type === 'DATE' || type === 'DATETIME')) {
    return DAY_WRITERS[type](withinPartitions(partition.now));
  }
  return CELL_WRITERS[type];
}

function recordWriter(column: Column): CellWriter {
  const write = compileRecord(column.columns ?? []);
  return (out, field, value) => {
    if (!isRecord(value)) {
      return refuse('wrong_type', `RECORD needs an object, not ${kindOf(value)}`);
    }
    return out.message(field, () => write(out, value));
  };
}

/** BigQuery has no NULL arrays: an absent one is empty. It refuses a NULL inside of one. */
function writeElements(
  out: ProtoWriter,
  field: number,
  value: Value,
  write: CellWriter,
): Refusal | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) {
    return refuse('wrong_type', `a REPEATED column needs an array, not ${kindOf(value)}`);
  }
  for (const [index, element] of value.entries()) {
    const refusal =
      element === null ? refuse('missing', 'an array holds no NULL') : write(out, field, element);
    if (refusal) return within(`[${index}]`, refusal);
  }
  return undefined;
}
