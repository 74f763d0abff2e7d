import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Store } from '../storage/store.ts';
import { CellError } from '../tables/cell.ts';
import type { Field, Table } from '../tables/schema.ts';
import { type Destination, Destinations } from './destination.ts';
import { Refusal, refuseRows, tableNotFound } from './refusals.ts';
import { readMissingValues } from './rows/default-values.ts';
import { type ReadyRows, readRows } from './rows/read-rows.ts';
import { toTableSchema } from './rows/table-schema.ts';
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
  readonly #destinations = new Destinations();
  /** The default interpretation of missing values, which holds until a request changes it. */
  #byDefault: unknown;
  /** The columns of each stream's table that the sender knows of. */
  readonly #told = new Map<string, readonly Field[]>();

  constructor(store: Store, streams: WriteStreams, now: () => Date) {
    this.#store = store;
    this.#streams = streams;
    this.#now = now;
  }

  /**
   * Resolves with the response; rejects with the error that ends the connection. Decodes rows synchronously
   * where it can, and queues them in any case, so that the appends to a stream keep their order.
   */
  async write(request: Request, bytes: number): Promise<Response> {
    const destination = this.#destinations.of(request);
    const { name, entity } = destination;
    const table = this.#store.getTable(name.table);
    if (table?.type !== 'TABLE') throw tableNotFound(name.table);
    if (!destination.isDefault) this.#streams.require(name);
    const told = this.#told.get(entity);
    this.#told.set(entity, table.schema);
    const answer = await this.#append(destination, request, bytes, table);
    answer.writeStream = entity;
    if (told && !areSame(told, table.schema)) answer.updatedSchema = toTableSchema(table.schema);
    return answer;
  }

  async #append(
    destination: Destination,
    request: Request,
    bytes: number,
    table: Table,
  ): Promise<Response> {
    try {
      checkRequest(destination, request, bytes);
      const missing = readMissingValues(request, this.#byDefault);
      this.#byDefault = missing.byDefault;
      const context = { store: this.#store, table, missing, now: this.#now() };
      const rows = readRows(destination, request, context);
      if (destination.isDefault) return await this.#appendToDefault(table, await rows);
      return await this.#streams.append(destination.name, table, rows, offsetOf(request));
    } catch (cause) {
      if (cause instanceof CellError) {
        const current = this.#store.getTable(table);
        // If the table has changed since the decoding, decode again.
        if (current && current.schemaVersion !== table.schemaVersion) {
          return await this.#append(destination, request, bytes, current);
        }
        const problem = { index: cause.rowIndex, message: cause.message };
        return refuseRows([problem], destination.entity);
      }
      if (cause instanceof Refusal) return { error: cause.status };
      throw cause;
    }
  }

  async #appendToDefault(table: Table, ready: ReadyRows): Promise<Response> {
    if (ready.kind === 'refused') return ready.response;
    if (ready.kind === 'changes') await this.#store.upsert(table, ready.changes);
    else await this.#store.append(table, ready.rows);
    return { appendResult: {} };
  }
}

function checkRequest(destination: Destination, request: Request, bytes: number): void {
  const { entity } = destination;
  if (bytes > MAX_REQUEST_BYTES) {
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `AppendRows request too large: ${bytes} limit ${MAX_REQUEST_BYTES} Entity: ${entity}`,
    );
  }
  if (request.offset && destination.isDefault) {
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `the default stream has no offsets Entity: ${entity}`,
    );
  }
}

/** Throws a Refusal for a negative offset. */
function offsetOf({ offset }: Request): number | undefined {
  if (!offset) return undefined;
  const value = Number(offset.value ?? 0);
  if (value >= 0) return value;
  throw new Refusal(status.INVALID_ARGUMENT, `the offset ${value} is negative`);
}

/** A table's schema can be replaced by an equal one. */
function areSame(one: readonly Field[], other: readonly Field[]): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
