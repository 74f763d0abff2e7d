import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Store } from '../../storage/store.ts';
import type { RowChange } from '../../storage/upserts.ts';
import type { Cell } from '../../tables/cell.ts';
import type { Table } from '../../tables/schema.ts';
import type { Decoder, Destination } from '../destination.ts';
import { BadRow, Refusal, type RowProblem, refuseRows } from '../refusals.ts';
import { readChange, readInsert } from './change-fields.ts';
import { defaultedColumns, fillDefaults, type MissingValues } from './default-values.ts';
import { partitionCheck } from './partition-check.ts';
import { checkRequired, decodeRow, type RecordPlan } from './protobuf/decode-row.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

/** The rows of a request: all of them, as new rows or as changes by key, or the response that refuses them. */
export type ReadyRows =
  | { kind: 'rows'; rows: Cell[][] }
  | { kind: 'changes'; changes: RowChange[] }
  | { kind: 'refused'; response: Response };

export interface RowContext {
  store: Store;
  table: Table;
  missing: MissingValues;
  now: Date;
}

/** A row before its checks, or why it cannot be read. */
type DecodedRow = Cell[] | BadRow;

interface DecodedRows {
  rows: DecodedRow[];
  required: RecordPlan['required'];
  sent: ReadonlySet<number>;
  changes: boolean;
}

/**
 * Reads the rows of a request. Without Arrow and without default values the rows are there at once.
 *
 * @throws Refusal if the request or its writer schema is not valid
 */
export function readRows(
  destination: Destination,
  request: Request,
  context: RowContext,
): ReadyRows | Promise<ReadyRows> {
  const decoder = destination.decoderFor(context.table);
  if (decoder instanceof Promise) {
    return decoder.then((loaded) => readWith(loaded, destination, request, context));
  }
  return readWith(decoder, destination, request, context);
}

function readWith(
  decoder: Decoder,
  destination: Destination,
  request: Request,
  context: RowContext,
): ReadyRows | Promise<ReadyRows> {
  const decoded = decode(decoder, request, destination.entity);
  const finish = () => check(decoded, destination, context);
  const positions = defaultedColumns(context.table, decoded.sent, context.missing);
  if (positions.length === 0) return finish();
  const rows = decoded.rows.filter((row): row is Cell[] => !(row instanceof BadRow));
  return fillDefaults(context.store, context.table, positions, rows).then(finish);
}

function decode(decoder: Decoder, request: Request, entity: string): DecodedRows {
  if (decoder.kind === 'arrow') {
    const batch = request.arrowRows?.rows?.serializedRecordBatch;
    if (!(batch instanceof Uint8Array) || batch.length === 0) throw noRows(entity);
    const { required, sent } = decoder.decoder;
    const rows = decoder.decoder.decode(batch);
    if (rows.length === 0) throw noRows(entity);
    return { rows, required, sent, changes: false };
  }
  const serialized = request.protoRows?.rows?.serializedRows ?? [];
  if (serialized.length === 0) throw noRows(entity);
  const { plan } = decoder;
  return { ...plan, rows: serialized.map((bytes) => orBad(() => decodeRow(plan, bytes))) };
}

function noRows(entity: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, `Rows must be specified. Entity: ${entity}`);
}

function orBad<T>(read: () => T): T | BadRow {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof BadRow) return cause;
    throw cause;
  }
}

function check(decoded: DecodedRows, destination: Destination, context: RowContext): ReadyRows {
  const { table, now } = context;
  const inPartition = partitionCheck(table, now);
  const readRow = (row: Cell[]): Cell[] => {
    const cells = decoded.changes ? readInsert(table, row) : row;
    checkRequired(decoded, cells);
    inPartition(cells);
    return cells;
  };
  if (!decoded.changes || !destination.isDefault) {
    const { read: rows, problems } = readAll(decoded.rows, readRow);
    return problems.length === 0 ? { kind: 'rows', rows } : refused(problems, destination);
  }
  const { read: changes, problems } = readAll<RowChange>(decoded.rows, (row) => {
    const change = readChange(table, row);
    if (!change.isDelete) inPartition(row);
    return change;
  });
  return problems.length === 0 ? { kind: 'changes', changes } : refused(problems, destination);
}

function readAll<Row>(
  rows: readonly DecodedRow[],
  readRow: (row: Cell[]) => Row,
): { read: Row[]; problems: RowProblem[] } {
  const read: Row[] = [];
  const problems: RowProblem[] = [];
  for (const [index, row] of rows.entries()) {
    const result = row instanceof BadRow ? row : orBad(() => readRow(row));
    if (result instanceof BadRow) problems.push({ index, message: result.message });
    else read.push(result);
  }
  return { read, problems };
}

function refused(problems: readonly RowProblem[], { entity }: Destination): ReadyRows {
  return { kind: 'refused', response: refuseRows(problems, entity) };
}
