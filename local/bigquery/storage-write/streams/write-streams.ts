import { randomUUID } from 'node:crypto';
import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Faults } from '../../../faults/faults.ts';
import type { Store } from '../../storage/store.ts';
import type { Cell } from '../../tables/cell.ts';
import { formatTable, type Table, type TableRef } from '../../tables/schema.ts';
import { isNew, refuse } from '../append-faults.ts';
import { Refusal, tableNotFound } from '../refusals.ts';
import { appendToStaging, createStaging, openStaging, publishStaging } from './staging.ts';
import {
  formatStreamName,
  parseStreamName,
  parseTableName,
  type StreamName,
} from './stream-name.ts';
import {
  type CommitStreams,
  type CommittedStreams,
  type CreateStream,
  describeStream,
  type FinalizedStream,
  type FinalizeStream,
  type GetStream,
  readType,
  type StreamResource,
  toCommitResponse,
  toFinalizeResponse,
  wantsSchema,
} from './stream-resource.ts';
import { checkOffset, finalized, streamNotFound, whyNotCommit } from './stream-state.ts';
import { insertRecord, StreamStore, saveRecord, type WriteStreamRecord } from './stream-store.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

/**
 * The streams of the Storage Write API. Every table has a default stream. COMMITTED and PENDING streams
 * are created and keep their offsets over a restart. BUFFERED streams are not supported; Google advises
 * against them.
 */
export class WriteStreams {
  readonly #store: Store;
  readonly #streamStore: StreamStore;
  readonly #faults: Faults | undefined;
  /** The last pending operation of each stream, because appends have an order. */
  readonly #tails = new Map<string, Promise<unknown>>();

  private constructor(store: Store, streamStore: StreamStore, faults: Faults | undefined) {
    this.#store = store;
    this.#streamStore = streamStore;
    this.#faults = faults;
  }

  static async open(store: Store, faults?: Faults): Promise<WriteStreams> {
    const { streamStore, orphans } = await StreamStore.open(store);
    await openStaging(store, orphans);
    return new WriteStreams(store, streamStore, faults);
  }

  async create(request: CreateStream): Promise<StreamResource> {
    const table = this.#requireTable(readTableName(request.parent));
    const stream = randomUUID().replaceAll('-', '');
    const { projectId, datasetId, tableId } = table;
    let record: WriteStreamRecord = {
      table: { projectId, datasetId, tableId },
      stream,
      type: readType(request),
      created: Date.now(),
      rows: 0,
      finalized: false,
    };
    await this.#store.administer(async (connection) => {
      if (record.type === 'PENDING') {
        record = { ...record, shape: await createStaging(connection, record, table) };
      }
      await insertRecord(connection, record);
      return () => this.#streamStore.set(record);
    });
    return describeStream(record, table, true);
  }

  get(request: GetStream): StreamResource {
    const name = parseStreamName(request.name);
    if (!name) throw new Refusal(status.INVALID_ARGUMENT, `not a write stream: ${request.name}`);
    const table = this.#requireTable(name.table);
    const fault = this.#faults?.take(
      ['iam.denied', 'append.new-table'],
      formatStreamName(name),
      (each) => each.name === 'iam.denied' || isNew(table, each),
    );
    if (fault) throw refuse(fault, fault.name === 'iam.denied' ? 'PERMISSION_DENIED' : 'NOT_FOUND');
    const record = name.stream === '_default' ? undefined : this.require(name);
    return describeStream(record, table, wantsSchema(request));
  }

  /** Throws STREAM_NOT_FOUND. */
  require(name: StreamName): WriteStreamRecord {
    const record = this.#streamStore.get(name);
    if (!record) throw streamNotFound(formatStreamName(name));
    return record;
  }

  /** Appends after all earlier appends. `offset` is the caller's expected end of the stream. */
  append(name: StreamName, table: Table, rows: Cell[][], offset?: number): Promise<Response> {
    return this.#inTurn(name, async () => {
      const record = this.require(name);
      if (record.finalized) throw finalized(record);
      if (offset !== undefined) checkOffset(record, offset);
      const { schema, schemaVersion } = table;
      const next = {
        ...record,
        rows: record.rows + rows.length,
        ...(record.shape && { shape: { schema, schemaVersion } }),
      };
      const also = (connection: Parameters<typeof saveRecord>[0]) => saveRecord(connection, next);
      if (record.type === 'COMMITTED') await this.#store.append(table, rows, also);
      else await appendToStaging(this.#store, record, table, rows, also);
      this.#streamStore.set(next);
      return { appendResult: { offset: { value: record.rows } } };
    });
  }

  async finalize(request: FinalizeStream): Promise<FinalizedStream> {
    const name = parseStreamName(request.name);
    if (!name || name.stream === '_default') {
      throw new Refusal(
        status.INVALID_ARGUMENT,
        `not a stream that can be finalized: ${request.name}`,
      );
    }
    return await this.#inTurn(name, async () => {
      const record = { ...this.require(name), finalized: true };
      const table = this.#requireTable(name.table);
      // Uses the append queue, so that two transactions never write the same record.
      await this.#store.append(table, [], (connection) => saveRecord(connection, record));
      this.#streamStore.set(record);
      return toFinalizeResponse(record);
    });
  }

  /** Makes the rows of all streams visible together, or none. */
  async commit(request: CommitStreams): Promise<CommittedStreams> {
    const ref = readTableName(request.parent);
    this.#requireTable(ref);
    const committed = Date.now();
    const records: WriteStreamRecord[] = [];
    const errors = [...new Set(request.writeStreams)].flatMap((text) => {
      const name = parseStreamName(text);
      const isOurs = name && formatTable(name.table) === formatTable(ref);
      const record = isOurs ? this.#streamStore.get(name) : undefined;
      const error = whyNotCommit(record, text);
      if (record && !error) records.push({ ...record, committed });
      return error ?? [];
    });
    if (errors.length > 0) return toCommitResponse({ errors });
    await this.#store.transact(ref, 'shared', async (connection, afterCommit) => {
      for (const record of records) {
        await publishStaging(this.#store, connection, record);
        await saveRecord(connection, record);
        afterCommit(() => this.#streamStore.set(record));
      }
    });
    return toCommitResponse({ committed });
  }

  #inTurn<T>(name: StreamName, work: () => Promise<T>): Promise<T> {
    const key = formatStreamName(name);
    const done = (this.#tails.get(key) ?? Promise.resolve()).then(work);
    const tail: Promise<unknown> = done
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return done;
  }

  #requireTable(ref: TableRef): Table {
    const table = this.#store.getTable(ref);
    if (table?.type !== 'TABLE') throw tableNotFound(ref);
    return table;
  }
}

function readTableName(name: string): TableRef {
  const ref = parseTableName(name);
  if (!ref) throw new Refusal(status.INVALID_ARGUMENT, `not a table: ${name}`);
  return ref;
}
