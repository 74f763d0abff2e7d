// Encodes rows for BigQuery's Storage Write API. In: a table's layout once, then row after row. Out: each row as
// a protobuf message, with notes of the values that did not fit, or the refusal of the row. Begin here:
// createEncoder compiles the columns; cells.ts writes one value, column-repair.ts replaces one that does not fit,
// descriptor.ts describes the message to the server.

import type { protos } from '@google-cloud/bigquery-storage';
import {
  type Column,
  isRecord,
  type Row,
  type TableLayout,
  type Value,
} from '../../../shared/columns.ts';
import type { StreamOptions } from '../../../shared/config/config.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import type { ValueNote } from '../../../shared/shape/map-columns.ts';
import { CELL_WRITERS, type CellWriter, DAY_WRITERS, kindOf, withinPartitions } from './cells.ts';
import { type ColumnWriter, columnRepairer, type Repairer } from './column-repair.ts';
import { changeFields, describeColumns, writeChange } from './descriptor.ts';
import { ProtoWriter } from './proto-writer.ts';
import { type Refusal, refuse, within } from './refusal.ts';

/** By the API's description an append request may hold 10 MB; a row must leave room for the rest. */
export const MAX_ROW_BYTES = 9_000_000;

export type InvalidValues = NonNullable<StreamOptions['invalidValues']>;

/** `notes` name the cells that are NULL or changed because the row's values do not fit them. */
type Encoded =
  | { ok: true; row: Uint8Array; notes?: readonly ValueNote[] }
  | ({ ok: false } & Refusal);

export interface RowEncoder {
  /** The `writer_schema` of an append. */
  readonly descriptor: protos.google.protobuf.IDescriptorProto;
  /**
   * Never throws for a value: one that does not fit is refused with the column's path, or noted.
   *
   * @param sequence of a row of a table with a key; see writeChange
   */
  encode(row: Row, sequence?: string): Encoded;
}

type RecordWriter = (out: ProtoWriter, row: Row) => Refusal | undefined;

/**
 * Compiles a table's columns into an encoder. Columns that a row leaves out are NULL; a name that is not a column
 * is refused, because dropping it would lose data silently.
 *
 * @param now the clock, in Unix milliseconds, for the range that a partitioned table takes
 * @param invalidValues by default, a row with a value that does not fit is refused
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

/** All rows whose key is NULL would be one row. */
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

/** A value that does not fit costs its cell, not the row. */
interface Leniency {
  /** Columns that are never repaired: their row is refused instead. */
  key: readonly string[];
  note: (column: string, reason: string) => void;
}

/** Has the names that every object inherits. */
const emptyRow: Row = {};

function compileRecord(
  columns: readonly Column[],
  partition?: Partition,
  lenient?: Leniency,
): RecordWriter {
  const writers = columns.map((column, index) => {
    const { name } = column;
    const partitioned = partition?.column === name ? partition : undefined;
    return {
      name,
      isInherited: name in emptyRow,
      write: compileColumn(column, index + 1, partitioned),
      repair: lenient && repairerOf(column, lenient),
    };
  });
  const names = new Set(columns.map((column) => column.name));
  return (out, row) => {
    for (const key in row) {
      if (!names.has(key))
        return within(key, refuse('unknown_column', 'is not a column of the table'));
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

/** BigQuery has no NULL arrays: an absent one is empty. It refuses NULL as an element. */
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
        ? refuse('missing', "is NULL, which an array can't hold")
        : write(out, field, element);
    if (refusal) return within(`[${index}]`, refusal);
  }
  return undefined;
}

/** The columns that may be left out of a row that is too large. */
function spareColumns({ columns, key = [] }: TableLayout): readonly string[] {
  return columns
    .filter(({ name, spare, required }) => spare && !required && !key.includes(name))
    .map(({ name }) => name);
}

/**
 * Leaves out spare columns, the largest first, until the row fits, and notes each. Returns `refused` if it never
 * fits.
 */
function withoutSpare(
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
    left.push({ column, reason: 'is left out because the row would be too large with it' });
    const encoded = encode(smaller);
    if (encoded.ok) return { ...encoded, notes: [...left, ...(encoded.notes ?? [])] };
    if (encoded.code !== 'too_large') return encoded;
  }
  return refused;
}

/** Other values are too small to matter. */
function lengthOf(value: Value | undefined): number {
  if (typeof value === 'string') return value.length;
  return value instanceof JsonText ? value.text.length : 0;
}
