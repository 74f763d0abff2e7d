import { randomUUID } from 'node:crypto';
import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { BigQueryError } from '../errors.ts';
import { restrictedTable } from '../query/restricted-table.ts';
import type { Store } from '../storage/store.ts';
import { Refusal, tableNotFound } from '../storage-write/refusals.ts';
import { parseTableName } from '../storage-write/streams/stream-name.ts';
import { formatTable, type Table } from '../tables/schema.ts';
import { arrowFormat } from './formats/arrow-format.ts';
import { avroFormat } from './formats/avro-format.ts';
import type { RowFormat } from './formats/row-format.ts';
import { type SelectedField, selectFields } from './selected-fields.ts';
import { CopiedRows, type SessionRows } from './session-rows.ts';
import { checkSnapshotTime } from './snapshot-time.ts';
import { countStreams } from './stream-count.ts';

const { DataFormat, ArrowSerializationOptions } = protos.google.cloud.bigquery.storage.v1;
type CreateRequest = protos.google.cloud.bigquery.storage.v1.ICreateReadSessionRequest;
type SessionResource = protos.google.cloud.bigquery.storage.v1.IReadSession;
type SplitRequest = protos.google.cloud.bigquery.storage.v1.ISplitReadStreamRequest;
type SplitResponse = protos.google.cloud.bigquery.storage.v1.ISplitReadStreamResponse;
type Codec = keyof typeof ArrowSerializationOptions.CompressionCodec;

/** https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#readsession */
const LIFETIME_MS = 6 * 3600_000;
const SWEEP_MS = 60_000;
/** Above one of them, sessions that nobody reads from end, the least recently used one first. */
const MAX_SESSIONS = 200;
const MAX_COPIED_BYTES = 8_000_000_000;
const DEFAULT_FRACTION = 0.5;

interface Session {
  name: string;
  table: Table;
  format: RowFormat;
  rows: SessionRows;
  expires: number;
  used: number;
  /** The calls that read from it now. */
  readers: number;
  streams: Map<string, ReadStream>;
}

/** A range of a session's rows. */
export interface ReadStream {
  name: string;
  start: number;
  end: number;
}

export interface OpenStream {
  stream: ReadStream;
  format: RowFormat;
  rows: SessionRows;
  /** To be called when the reading has ended. */
  done(): void;
}

/** The sessions of the Storage Read API. They end with the server. */
export class ReadSessions {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();
  readonly #sweep: NodeJS.Timeout;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#sweep = setInterval(() => this.#endExpired(), SWEEP_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    const all = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(all.map(({ rows }) => rows.close()));
  }

  async create(request: CreateRequest): Promise<SessionResource> {
    const given = request.readSession ?? {};
    const project = /^projects\/([^/]+)$/.exec(request.parent ?? '')?.[1];
    if (project === undefined) throw invalid(`parent is not a project: "${request.parent ?? ''}"`);
    const streams = countStreams(request);
    const table = await this.#requireTable(given.table ?? '');
    const options = given.readOptions ?? {};
    checkSnapshotTime(this.#store, table, given.tableModifiers?.snapshotTime, this.#now());
    const columns = selectFields(table.schema, options.selectedFields ?? []);
    const format = await formatOf(given, columns);
    const source = await this.#read(table, options.rowRestriction ?? '');
    const valued = columns.map((column) => {
      const index = table.schema.findIndex(({ name }) => name === column.field.name);
      return { ...column, value: source.columns[index] ?? 'NULL' };
    });
    const rows = await CopiedRows.copy(
      this.#store,
      source.from + sample(options.samplePercentage),
      valued,
    );
    return this.#open(project, table, format, rows, streams(rows.count), given);
  }

  #open(
    project: string,
    table: Table,
    format: RowFormat,
    rows: SessionRows,
    count: number,
    given: SessionResource,
  ): SessionResource {
    const now = this.#now();
    const name = `projects/${project}/locations/us/sessions/${newId(now)}`;
    const expires = now + LIFETIME_MS;
    const session = {
      name,
      table,
      format,
      rows,
      expires,
      used: now,
      readers: 0,
      streams: new Map(),
    };
    const streams = Array.from({ length: count }, (_, index) =>
      addStream(
        session,
        Math.floor((rows.count * index) / count),
        Math.floor((rows.count * (index + 1)) / count),
      ),
    );
    this.#endExpired();
    this.#sessions.set(name, session);
    this.#endOldest(session);
    return {
      name,
      expireTime: { seconds: Math.floor(expires / 1000), nanos: (expires % 1000) * 1_000_000 },
      dataFormat: given.dataFormat ?? 0,
      ...format.schema,
      table: given.table ?? '',
      ...(given.tableModifiers && { tableModifiers: given.tableModifiers }),
      ...(given.readOptions && { readOptions: given.readOptions }),
      streams: streams.map((stream) => ({ name: stream.name })),
      estimatedTotalBytesScanned: rows.bytes,
      estimatedTotalPhysicalFileSize: rows.bytes,
      estimatedRowCount: rows.count,
      ...(given.traceId && { traceId: given.traceId }),
    };
  }

  /** The range of a stream. Throws NOT_FOUND, and FAILED_PRECONDITION for a session that has expired. */
  open(name: string): OpenStream {
    const { session, stream } = this.#require(name);
    session.readers += 1;
    const done = () => {
      session.readers -= 1;
      session.used = this.#now();
    };
    return { stream, format: session.format, rows: session.rows, done };
  }

  split(request: SplitRequest): SplitResponse {
    const { session, stream } = this.#require(request.name ?? '');
    const fraction = request.fraction ? request.fraction : DEFAULT_FRACTION;
    if (!(fraction > 0 && fraction < 1)) {
      throw invalid(`request failed: fraction must be between 0 and 1: ${fraction}`);
    }
    const middle = stream.start + Math.round((stream.end - stream.start) * fraction);
    // A stream that cannot be split has no parts.
    if (middle === stream.start || middle === stream.end) return {};
    return {
      primaryStream: { name: addStream(session, stream.start, middle).name },
      remainderStream: { name: addStream(session, middle, stream.end).name },
    };
  }

  #require(name: string): { session: Session; stream: ReadStream } {
    const match = /^(projects\/[^/]+\/locations\/[^/]+\/sessions\/[^/]+)\/streams\/[^/]+$/.exec(
      name,
    );
    if (match === null) throw invalid(`request failed: not a read stream: "${name}"`);
    this.#endExpired();
    const session = this.#sessions.get(match[1] ?? '');
    if (session === undefined) throw missing(name, this.#now());
    const stream = session.streams.get(name);
    if (stream === undefined) throw failed(status.NOT_FOUND, name, 'Not found: the stream');
    const table = this.#store.getTable(session.table);
    if (table?.creationTime !== session.table.creationTime) {
      this.#end(session);
      throw failed(status.NOT_FOUND, name, `Not found: Table ${formatTable(session.table)}`);
    }
    return { session, stream };
  }

  async #requireTable(name: string): Promise<Table> {
    const ref = parseTableName(name);
    if (!ref) throw invalid(`request failed: not a table: "${name}"`);
    await this.#store.openResultTable(ref);
    const table = this.#store.getTable(ref);
    if (table === undefined) throw tableNotFound(ref);
    if (table.type === 'TABLE') return table;
    throw invalid('request failed: non-table entities cannot be read with the storage API');
  }

  async #read(table: Table, restriction: string) {
    try {
      return await restrictedTable(this.#store, table, restriction);
    } catch (cause) {
      if (cause instanceof BigQueryError && cause.reason !== 'internalError')
        throw invalid(`request failed: row filter error: ${cause.message}`);
      throw cause;
    }
  }

  #endExpired(): void {
    const now = this.#now();
    for (const session of this.#sessions.values()) if (session.expires <= now) this.#end(session);
  }

  #endOldest(newest: Session): void {
    const all = [...this.#sessions.values()];
    let bytes = all.reduce((sum, { rows }) => sum + rows.bytes, 0);
    const idle = all.filter((each) => each !== newest && each.readers === 0);
    for (const session of idle.sort((one, other) => one.used - other.used)) {
      if (this.#sessions.size <= MAX_SESSIONS && bytes <= MAX_COPIED_BYTES) return;
      bytes -= session.rows.bytes;
      this.#end(session);
    }
  }

  #end(session: Session): void {
    this.#sessions.delete(session.name);
    void session.rows.close();
  }
}

function addStream(session: Session, start: number, end: number): ReadStream {
  const stream = { name: `${session.name}/streams/${randomUUID()}`, start, end };
  session.streams.set(stream.name, stream);
  return stream;
}

async function formatOf(
  { dataFormat, readOptions }: SessionResource,
  columns: readonly SelectedField[],
): Promise<RowFormat> {
  const fields = columns.map(({ field }) => field);
  if (dataFormat === DataFormat.AVRO) return avroFormat(fields);
  if (dataFormat === DataFormat.ARROW) {
    const codec = readOptions?.arrowSerializationOptions?.bufferCompression ?? 0;
    return await arrowFormat(fields, codecOf(codec));
  }
  throw invalid('request failed: data format unspecified');
}

function codecOf(codec: number | string): Codec {
  const { CompressionCodec } = ArrowSerializationOptions;
  const name = CompressionCodec[Number(codec)] as Codec | undefined;
  if (name === undefined) throw invalid(`request failed: unknown Arrow compression ${codec}`);
  return name;
}

/** A sample of the rows, as TABLESAMPLE takes it. */
function sample(percentage: number | null | undefined): string {
  if (percentage == null || percentage === 0) return '';
  if (percentage > 0 && percentage <= 100) return ` USING SAMPLE ${percentage} PERCENT (bernoulli)`;
  throw invalid(`request failed: sample_percentage must be between 0 and 100: ${percentage}`);
}

/** An id with the session's begin, so that an expired session is known after its end. */
function newId(now: number): string {
  return `${now.toString(36)}-${randomUUID()}`;
}

function missing(name: string, now: number): Refusal {
  const begin = Number.parseInt(/\/sessions\/([0-9a-z]+)-/.exec(name)?.[1] ?? '', 36);
  return begin + LIFETIME_MS <= now
    ? failed(status.FAILED_PRECONDITION, name, 'session expired')
    : failed(status.NOT_FOUND, name, 'Not found: the session');
}

function failed(code: status, name: string, reason: string): Refusal {
  return new Refusal(code, `there was an error operating on '${name}': ${reason}`);
}

function invalid(message: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, message);
}
