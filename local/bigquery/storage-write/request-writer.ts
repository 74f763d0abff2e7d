import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Store } from '../storage/store.ts';
import type { RowChange } from '../storage/upserts.ts';
import { type Cell, CellError } from '../tables/cell.ts';
import type { Table } from '../tables/schema.ts';
import { BadRow, Refusal, type RowProblem, refuseRows, tableNotFound } from './refusals.ts';
import { readChange } from './rows/change-fields.ts';
import { decodeRow, type RowPlan } from './rows/decode-row.ts';
import { type PartitionCheck, partitionCheck } from './rows/partition-check.ts';
import { planRows } from './rows/row-plan.ts';
import { toTableSchema } from './rows/table-schema.ts';
import { formatStreamName, parseStreamName, type StreamName } from './streams/stream-name.ts';
import type { WriteStreams } from './streams/write-streams.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

/** "AppendRows request size limit: 10 MB": https://cloud.google.com/bigquery/quotas#write-api-limits */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** Writes the requests of one connection. Later requests may omit the stream name and the schema. */
export class RequestWriter {
  readonly #store: Store;
  readonly #streams: WriteStreams;
  readonly #now: () => Date;
  #name: StreamName | undefined;
  #descriptor: protos.google.protobuf.IDescriptorProto | undefined;
  #plan: { rows: RowPlan; schemaVersion: number } | undefined;

  constructor(store: Store, streams: WriteStreams, now: () => Date) {
    this.#store = store;
    this.#streams = streams;
    this.#now = now;
  }

  /** Resolves with the response; rejects with the error that ends the connection. Decodes rows synchronously. */
  async write(request: Request, bytes: number): Promise<Response> {
    const name = this.#resolveName(request.writeStream);
    const table = this.#store.getTable(name.table);
    if (table?.type !== 'TABLE') throw tableNotFound(name.table);
    if (name.stream !== '_default') this.#streams.require(name);
    const descriptor = request.protoRows?.writerSchema?.protoDescriptor;
    if (descriptor) {
      this.#descriptor = descriptor;
      this.#plan = undefined;
    }
    const knownVersion = this.#plan?.schemaVersion ?? table.schemaVersion;
    const answer = await this.#append(name, request, bytes, table);
    answer.writeStream = formatStreamName(name);
    if (knownVersion !== table.schemaVersion) answer.updatedSchema = toTableSchema(table.schema);
    return answer;
  }

  async #append(
    name: StreamName,
    request: Request,
    bytes: number,
    table: Table,
  ): Promise<Response> {
    try {
      checkRequest(name, request, bytes);
      const plan = this.#planFor(table);
      const check = partitionCheck(table, this.#now());
      if (plan.changes) return await this.#change(name, plan, request, table, check);
      const rows = decodeRows(plan, request, (row) => {
        check(row);
        return row;
      });
      if (!Array.isArray(rows)) return rows;
      if (name.stream === '_default') {
        await this.#store.append(table, rows);
        return { appendResult: {} };
      }
      return await this.#streams.append(name, table, rows, offsetOf(request));
    } catch (cause) {
      if (cause instanceof CellError) {
        const current = this.#store.getTable(table);
        // If the table has changed since the decoding, decode again.
        if (current && current.schemaVersion !== table.schemaVersion) {
          return await this.#append(name, request, bytes, current);
        }
        return refuseRows([{ index: cause.rowIndex, message: cause.message }]);
      }
      if (cause instanceof Refusal) return { error: cause.status };
      throw cause;
    }
  }

  async #change(
    name: StreamName,
    plan: RowPlan,
    request: Request,
    table: Table,
    check: PartitionCheck,
  ): Promise<Response> {
    if (name.stream !== '_default') {
      throw new Refusal(status.INVALID_ARGUMENT, 'only the default stream takes _CHANGE_TYPE rows');
    }
    const changes = decodeRows<RowChange>(plan, request, (row) => {
      const change = readChange(table, row);
      if (!change.isDelete) check(row);
      return change;
    });
    if (!Array.isArray(changes)) return changes;
    await this.#store.upsert(table, changes);
    return { appendResult: {} };
  }

  #resolveName(writeStream: string): StreamName {
    if (writeStream === '') {
      if (this.#name) return this.#name;
      throw new Refusal(status.INVALID_ARGUMENT, 'the first request must name its write_stream');
    }
    const name = parseStreamName(writeStream);
    if (!name) throw new Refusal(status.INVALID_ARGUMENT, `not a write stream: ${writeStream}`);
    if (this.#name && formatStreamName(this.#name) !== formatStreamName(name)) {
      throw new Refusal(
        status.INVALID_ARGUMENT,
        `this connection writes to ${formatStreamName(this.#name)}, not to ${writeStream}`,
      );
    }
    this.#name = name;
    return name;
  }

  #planFor(table: Table): RowPlan {
    if (this.#plan?.schemaVersion === table.schemaVersion) return this.#plan.rows;
    if (!this.#descriptor) {
      throw new Refusal(status.INVALID_ARGUMENT, 'the first request must have a writer_schema');
    }
    const rows = planRows(table, this.#descriptor);
    this.#plan = { rows, schemaVersion: table.schemaVersion };
    return rows;
  }
}

function checkRequest(name: StreamName, request: Request, bytes: number): void {
  if (bytes > MAX_REQUEST_BYTES) {
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `the request has ${bytes} bytes; at most ${MAX_REQUEST_BYTES} are allowed`,
    );
  }
  if (request.arrowRows) {
    throw new Refusal(status.UNIMPLEMENTED, 'rows in Arrow format: this server takes proto_rows');
  }
  if (request.offset && name.stream === '_default') {
    throw new Refusal(status.INVALID_ARGUMENT, 'the default stream has no offsets');
  }
}

function offsetOf({ offset }: Request): number | undefined {
  return offset ? Number(offset.value ?? 0) : undefined;
}

/** All rows, converted by `read`, or the response that lists the bad rows. */
function decodeRows<Row>(
  plan: RowPlan,
  request: Request,
  read: (cells: Cell[]) => Row,
): Row[] | Response {
  const rows: Row[] = [];
  const problems: RowProblem[] = [];
  for (const [index, bytes] of (request.protoRows?.rows?.serializedRows ?? []).entries()) {
    try {
      rows.push(read(decodeRow(plan, bytes)));
    } catch (cause) {
      if (!(cause instanceof BadRow)) throw cause;
      problems.push({ index, message: cause.message });
    }
  }
  return problems.length === 0 ? rows : refuseRows(problems);
}
