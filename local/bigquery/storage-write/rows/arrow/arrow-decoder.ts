import { status } from '@grpc/grpc-js';
import {
  type Field as ArrowField,
  type DataType,
  RecordBatchReader,
  type Schema,
} from 'apache-arrow';
import type { Cell } from '../../../tables/cell.ts';
import { type Field, findField, type Table } from '../../../tables/schema.ts';
import { BadRow, extraFields, Refusal } from '../../refusals.ts';
import { hasDefault } from '../default-values.ts';
import type { RecordPlan } from '../protobuf/decode-row.ts';
import { requiredOf } from '../protobuf/row-plan.ts';
import { type ArrowColumn, checkColumn } from './arrow-column.ts';
import { type ArrowReader, arrowReader } from './arrow-readers.ts';
import { batchMessage, schemaMessage } from './ipc-message.ts';

/** Messages of Arrow's IPC format begin at multiples of this, so that their values are aligned. */
const ALIGNMENT = 8;

/**
 * Decodes record batches of one writer schema into rows of a table.
 * https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
export class ArrowDecoder {
  readonly required: RecordPlan['required'];
  /** The positions of the table's columns that the writer schema has. */
  readonly sent: ReadonlySet<number>;
  readonly #columns: number;
  readonly #schemaBytes: Uint8Array;
  /** The number of the schema's fields in all levels. */
  readonly #fields: number;
  /** By position in the batch: the column of the table, and its reader. */
  readonly #readers: readonly { position: number; field: Field; read: ArrowReader }[];

  /** @throws Refusal if the schema cannot be read or does not match the table */
  constructor(table: Table, schemaBytes: Uint8Array, entity: string) {
    const { schema, whole, fields } = readSchema(schemaBytes);
    const extra = schema.fields.map(nameOf).filter((name) => !findField(table.schema, name));
    if (extra.length > 0) throw extraFields(extra, entity);
    this.#columns = table.schema.length;
    this.#schemaBytes = whole;
    this.#fields = fields;
    this.#readers = schema.fields.map((sent) => planColumn(table, sent));
    this.sent = new Set(this.#readers.map(({ position }) => position));
    if (this.sent.size < this.#readers.length) throw invalid('a field occurs twice in the schema');
    this.required = requiredOf(table.schema, '');
    for (const { position, path } of this.required) {
      const field = table.schema[position];
      if (this.sent.has(position) || !field || hasDefault(field)) continue;
      throw invalid(`the column ${path} is REQUIRED but is not in the Arrow schema`);
    }
  }

  /** @throws Refusal if the bytes are not a record batch of the schema */
  decode(bytes: Uint8Array): (Cell[] | BadRow)[] {
    const { length, columns } = this.#readBatch(bytes);
    const rows: (Cell[] | BadRow)[] = Array.from({ length }, () =>
      new Array<Cell>(this.#columns).fill(null),
    );
    this.#readers.forEach(({ position, field, read }, index) => {
      const column = columns[index];
      if (!column || column.length < length) throw invalid(`the column ${field.name} is too short`);
      checkColumn(column, field.name);
      fill(rows, position, field.name, (row) => read(column, row));
    });
    return rows;
  }

  #readBatch(bytes: Uint8Array): { length: number; columns: readonly ArrowColumn[] } {
    try {
      const reader = RecordBatchReader.from(
        join(this.#schemaBytes, batchMessage(bytes, this.#fields)),
      );
      const batches = [...reader];
      const [batch] = batches;
      if (batch && batches.length === 1) {
        return { length: batch.numRows, columns: batch.data.children as ArrowColumn[] };
      }
    } catch (cause) {
      throw unreadable('record batch', cause);
    }
    throw invalid('serialized_record_batch must hold exactly one record batch');
  }
}

/** Sets one cell of each row that is still good. */
function fill(
  rows: (Cell[] | BadRow)[],
  position: number,
  name: string,
  read: (row: number) => Cell,
): void {
  for (const [index, row] of rows.entries()) {
    if (row instanceof BadRow) continue;
    try {
      row[position] = read(index);
    } catch (cause) {
      if (!(cause instanceof BadRow)) throw cause;
      rows[index] = cause.path === '' ? new BadRow(name, cause.reason) : cause;
    }
  }
}

/** A field's name, which its type promises and the bytes may lack. */
function nameOf({ name }: { name: string | null }): string {
  return name ?? '';
}

function planColumn(table: Table, sent: ArrowField<DataType>) {
  const field = findField(table.schema, nameOf(sent));
  if (!field) throw new Error(`no column ${sent.name}`);
  const read = arrowReader(field, sent.type, field.name);
  return { position: table.schema.indexOf(field), field, read };
}

function readSchema(bytes: Uint8Array): { schema: Schema; whole: Uint8Array; fields: number } {
  try {
    const { whole, fields } = schemaMessage(bytes);
    const { schema } = RecordBatchReader.from(join(whole)).open();
    if (schema) return { schema, whole, fields };
  } catch (cause) {
    throw unreadable('schema', cause);
  }
  throw invalid('serialized_schema holds no Arrow schema');
}

/** The parts one after the other, the last one at an aligned place. */
function join(...parts: readonly Uint8Array[]): Uint8Array {
  const before = parts.slice(0, -1).reduce((sum, part) => sum + part.length, 0);
  const padding = (ALIGNMENT - (before % ALIGNMENT)) % ALIGNMENT;
  const size = parts.reduce((sum, part) => sum + part.length, padding);
  const joined = new Uint8Array(size);
  let at = padding;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined.subarray(padding);
}

function unreadable(what: string, cause: unknown): Refusal {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return invalid(`the Arrow ${what} cannot be read: ${reason}`);
}

function invalid(message: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, message);
}
