import type { protos } from '@google-cloud/bigquery-storage';
import type { Column, ColumnType } from '../../shared/columns.ts';
import { cellReader } from '../bigquery/storage-write/rows/cell-readers.ts';
import { decodeRow, type FieldPlan } from '../bigquery/storage-write/rows/protobuf/decode-row.ts';
import { type ProtoType, wireTypeOf } from '../bigquery/storage-write/rows/protobuf/proto-types.ts';
import type { Cell } from '../bigquery/tables/cell.ts';
import { canonicalType } from '../bigquery/tables/schema.ts';
import { formatDate, formatDateTime, formatTime } from '../bigquery/values/calendar.ts';

type Field = protos.google.protobuf.IFieldDescriptorProto;

/**
 * The cells of a row that the subscriber encoded, read as the local BigQuery reads them: what would be stored, not what
 * was sent. `_CHANGE_TYPE` and its like are left out.
 *
 * @param fields of the encoder's descriptor: column n is field n, counted from 1
 */
export function readCells(
  columns: readonly Column[],
  fields: readonly Field[],
  bytes: Uint8Array,
): Record<string, string | null> {
  const plans = fields.map((field, index) => planOf(columns[index], field, index));
  const cells = decodeRow(
    {
      columns: plans.length,
      byFieldNumber: new Map(plans.map((plan, index) => [index + 1, plan])),
      required: [],
    },
    bytes,
  );
  return Object.fromEntries(
    columns.map(({ name, type }, index) => [name, cellText(cells[index] ?? null, type)]),
  );
}

function planOf(column: Column | undefined, field: Field, position: number): FieldPlan {
  const type = field.type as ProtoType;
  const path = column?.name ?? field.name ?? '';
  const stored = canonicalType(column?.type ?? 'STRING') ?? 'STRING';
  const read = cellReader({ name: path, type: stored, mode: 'NULLABLE' }, type);
  if (!read) throw new TypeError(`the column ${path} can't be shown`);
  return { position, path, wireType: wireTypeOf(type) ?? 2, repeated: false, read };
}

function cellText(cell: Cell, type: ColumnType): string | null {
  if (cell === null) return null;
  if (type === 'TIMESTAMP') return `${formatDateTime(cell as bigint)}Z`;
  if (type === 'DATETIME') return formatDateTime(cell as bigint);
  if (type === 'TIME') return formatTime(cell as bigint);
  if (type === 'DATE') return formatDate(cell as number);
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64');
  return String(cell);
}
