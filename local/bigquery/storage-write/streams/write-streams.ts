import { randomUUID } from 'node:crypto';
import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Faults } from '../../../faults/faults.ts';
import type { Store } from '../../storage/store.ts';
import { formatTable, type Table, type TableRef } from '../../tables/schema.ts';
import { isNew, refuse } from '../append-faults.ts';
import { Refusal, tableNotFound } from '../refusals.ts';
import type { ReadyRows } from '../rows/read-rows.ts';
import {
  appendToStaging,
  createStaging,
  flushStaging,
  openStaging,
  publishStaging,
} from './staging.ts';
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
  type Flush,
  type Flushed,
  type GetStream,
  readType,
  type StreamResource,
  toCommitResponse,
  toFinalizeResponse,
  toFlushResponse,
  wantsSchema,
} from './stream-resource.ts';
import {
  checkOffset,
  finalized,
  flushTarget,
  streamNotFound,
  whyNotCommit,
} from './stream-state.ts';
import { insertRecord, StreamStore, saveRecord, type WriteStreamRecord } from './stream-store.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

/**
 * The streams of the Storage Write API. Every table has a default stream. COMMITTED, PENDING and BUFFERED
 * streams are created and keep their offsets over a restart.
 */
export class WriteStreams {
  readonly #store: Store;
  readonly #streamStore: StreamStore;
  readonly #faults: Faults | undefined;
  /** The last pending operation of each stream, because appends have an order, and the last commit of a table. */
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
      if (record.type !== 'COMMITTED') {
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

  /**
   * Appends after all earlier appends, also if the rows are not ready yet. `offset` is the caller's expected
   * end of the stream.
   */
  append(
    name: StreamName,
    table: Table,
    rows: ReadyRows | Promise<ReadyRows>,
    offset?: number,
  ): Promise<Response> {
    // A rejection is handled below, in turn.
    if (rows instanceof Promise) rows.catch(() => undefined);
    return this.#inTurn(formatStreamName(name), async () => {
      const ready = await rows;
      if (ready.kind === 'refused') return ready.response;
      if (ready.kind === 'changes') throw new Error('only the default stream changes rows');
      return await this.#append(this.require(name), table, ready.rows, offset);
    });
  }

  async #append(
    record: WriteStreamRecord,
    table: Table,
    rows: Extract<ReadyRows, { kind: 'rows' }>['rows'],
    offset: number | undefined,
  ): Promise<Response> {
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
  }

  async finalize(request: FinalizeStream): Promise<FinalizedStream> {
    const name = readCreatedStream(request.name, 'finalized');
    return await this.#inTurn(formatStreamName(name), async () => {
      const record = { ...this.require(name), finalized: true };
      const table = this.#requireTable(name.table);
      // Uses the append queue, so that two transactions never write the same record.
      await this.#store.append(table, [], (connection) => saveRecord(connection, record));
      this.#streamStore.set(record);
      return toFinalizeResponse(record);
    });
  }

  /** Makes rows of a BUFFERED stream visible, up to the offset of the request and including it. */
  async flush({ writeStream, offset }: Flush): Promise<Flushed> {
    const name = readCreatedStream(writeStream, 'flushed');
    return await this.#inTurn(formatStreamName(name), async () => {
      const record = this.require(name);
      this.#requireTable(name.table);
      const end = flushTarget(record, offset ? Number(offset.value ?? 0) : undefined);
      if (end === (record.flushed ?? 0)) return toFlushResponse(end);
      const next = { ...record, flushed: end };
      await this.#store.transact(name.table, 'shared', async (connection, afterCommit) => {
        await flushStaging(this.#store, connection, record, end);
        await saveRecord(connection, next);
        afterCommit(() => this.#streamStore.set(next));
      });
      return toFlushResponse(end);
    });
  }

  /** Makes the rows of all streams visible together, or none. */
  async commit(request: CommitStreams): Promise<CommittedStreams> {
    const ref = readTableName(request.parent);
    this.#requireTable(ref);
    if (request.writeStreams.length === 0) {
      throw new Refusal(status.INVALID_ARGUMENT, 'write_streams must name at least one stream');
    }
    // One commit of a table at a time: the second one of the same stream finds it committed.
    return await this.#inTurn(request.parent, () => this.#commit(ref, request));
  }

  async #commit(ref: TableRef, request: CommitStreams): Promise<CommittedStreams> {
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

  #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
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

/** Throws INVALID_ARGUMENT, also for the default stream. */
function readCreatedStream(text: string, what: string): StreamName {
  const name = parseStreamName(text);
  if (name && name.stream !== '_default') return name;
  throw new Refusal(status.INVALID_ARGUMENT, `not a stream that can be ${what}: ${text}`);
}

function readTableName(name: string): TableRef {
  const ref = parseTableName(name);
  if (!ref) throw new Refusal(status.INVALID_ARGUMENT, `not a table: ${name}`);
  return ref;
}
