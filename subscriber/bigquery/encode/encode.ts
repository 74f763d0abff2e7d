import type { protos } from '@google-cloud/bigquery-storage';
import {
  type Column,
  isRecord,
  type Row,
  type TableLayout,
  type Value,
} from '../../../shared/columns.ts';
import type { StreamOptions } from '../../../shared/config/config.ts';
import type { ValueNote } from '../../../shared/shape/map-columns.ts';
import { type Refusal, refuse, within } from '../append/refusal.ts';
import { type ColumnWriter, columnRepairer, type Repairer } from '../append/repair.ts';
import { CELL_WRITERS, type CellWriter, DAY_WRITERS, kindOf } from './cells.ts';
import { changeFields, writeChange } from './change-fields.ts';
import { describeColumns } from './descriptor.ts';
import type { Encoded } from './encoded.ts';
import { withinPartitions } from './partition-range.ts';
import { ProtoWriter } from './proto-writer.ts';
import { spareColumns, withoutSpare } from './spare-columns.ts';

/** One append request may hold 10 MB by the API's own description; a row must leave room for the rest. */
export const MAX_ROW_BYTES = 9_000_000;

export type InvalidValues = NonNullable<StreamOptions['invalidValues']>;

export interface RowEncoder {
  /** What the server must know to read the rows: the `writer_schema` of an append. */
  readonly descriptor: protos.google.protobuf.IDescriptorProto;
  /**
   * Never throws for a value: what does not fit is refused with the column's path, or noted.
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
 * @param invalidValues by default a row with a value that does not fit is refused
 */
export function createEncoder(
  layout: TableLayout,
  now: () => number,
  invalidValues: InvalidValues = 'dead-letter',
): RowEncoder {
  const out = new ProtoWriter();
  const { columns, key = [] } = layout;
  let notes: ValueNote[] | undefined;
  const note = (column: string, reason: string) => {
    notes ??= [];
    notes.push({ column, reason });
  };
  const lenient = invalidValues === 'null' ? { key, note } : undefined;
  const partition = { column: layout.partitionBy?.column, now };
  const write = compileRecord(columns, partition, lenient);
  const encode = (row: Row, sequence: string): Encoded => {
    out.reset();
    notes = undefined;
    const refusal = write(out, row) ?? requireKey(row, key);
    if (refusal) return { ok: false, ...refusal };
    if (key.length > 0) writeChange(out, columns.length, sequence);
    const bytes = out.take();
    if (bytes.length <= MAX_ROW_BYTES) {
      return notes ? { ok: true, row: bytes, notes } : { ok: true, row: bytes };
    }
    const reason = `${bytes.length} bytes; an append takes rows of at most ${MAX_ROW_BYTES}`;
    return { ok: false, column: '', code: 'too_large', reason };
  };
  const spare = lenient ? spareColumns(layout) : [];
  return {
    descriptor: key.length > 0 ? describeChanges(columns) : describeColumns(columns),
    encode(row, sequence = '0') {
      const encoded = encode(row, sequence);
      if (encoded.ok || encoded.code !== 'too_large' || spare.length === 0) return encoded;
      return withoutSpare(encoded, row, spare, (smaller) => encode(smaller, sequence));
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
  return absent === undefined
    ? undefined
    : within(absent, refuse('missing', 'is missing, and it is in the key'));
}

interface Partition {
  column: string | undefined;
  now: () => number;
}

/** Where a value that does not fit costs its cell, and not the row. */
interface Leniency {
  /** Columns that have their value as it was sent, or no row. */
  key: readonly string[];
  note: (column: string, reason: string) => void;
}

/** Has what every row inherits. */
const none: Row = {};

function compileRecord(
  columns: readonly Column[],
  partition?: Partition,
  lenient?: Leniency,
): RecordWriter {
  const writers = columns.map((column, index) => {
    const { name } = column;
    const partitioned = partition?.column === name ? partition : undefined;
    // Of most names, what a row gives is its own.
    return {
      name,
      isInherited: name in none,
      write: compileColumn(column, index + 1, partitioned),
      repair: lenient && repairerOf(column, lenient),
    };
  });
  const names = new Set(columns.map((column) => column.name));
  return (out, row) => {
    for (const key in row) {
      if (!names.has(key))
        return within(key, refuse('unknown_column', 'is no column of the table'));
    }
    for (const { name, isInherited, write, repair } of writers) {
      const isOwn = !isInherited || Object.hasOwn(row, name);
      const value = isOwn ? (row[name] ?? null) : null;
      const start = out.length;
      const refusal = write(out, value);
      if (!refusal) continue;
      out.cut(start);
      if (!repair || repair(out, value, refusal, write)) return within(name, refusal);
    }
    return undefined;
  };
}

function repairerOf(column: Column, { key, note }: Leniency): Repairer | undefined {
  return key.includes(column.name) ? undefined : columnRepairer(column, note);
}

function compileColumn(column: Column, field: number, partition?: Partition): ColumnWriter {
  const write = cellWriter(column, partition);
  if (column.mode === 'REPEATED') return (out, value) => writeElements(out, field, value, write);
  const required = column.mode === 'REQUIRED';
  return (out, value) => {
    if (value === null) {
      return required ? refuse('missing', 'is missing, and REQUIRED') : undefined;
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
      return refuse('wrong_type', `is ${kindOf(value)}, not an object`);
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
    return refuse('wrong_type', `is ${kindOf(value)}, not an array`);
  }
  for (const [index, element] of value.entries()) {
    const refusal =
      element === null
        ? refuse('missing', 'is NULL, which no array holds')
        : write(out, field, element);
    if (refusal) return within(`[${index}]`, refusal);
  }
  return undefined;
}
