import { protos } from '@google-cloud/bigquery-storage';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Fault, Faults } from '../../faults.ts';
import { type Cell, CellError } from '../cell.ts';
import { BigQueryError } from '../errors.ts';
import type { Table } from '../schema.ts';
import type { Store } from '../store.ts';
import {
  DEFAULT_FAULT_MS,
  endsConnection,
  refuse,
  type StruckAppend,
  strike,
  takeAppendFault,
} from './append-faults.ts';
import { decodeRow } from './decode-row.ts';
import { partitionCheck } from './partition-check.ts';
import { BadRow, Refusal, type RowProblem, refuseRows, tableNotFound } from './refusals.ts';
import { planRows, type RecordPlan } from './row-plan.ts';
import type { SizedAppend } from './service.ts';
import { formatStreamName, parseStreamName, type StreamName } from './stream-name.ts';
import { toTableSchema } from './table-schema.ts';

const { AppendRowsResponse } = protos.google.cloud.bigquery.storage.v1;

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;
type Call = ServerDuplexStream<
  SizedAppend,
  protos.google.cloud.bigquery.storage.v1.AppendRowsResponse
>;

/** "AppendRows request size limit: 10 MB": https://cloud.google.com/bigquery/quotas#write-api-limits */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
/** More than this on its way to the disk, and the connection is read no further. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/**
 * One AppendRows connection to a default stream. Requests are decoded as they come and appended side by
 * side; their answers leave in the order of the requests.
 */
export class AppendSession {
  readonly #call: Call;
  readonly #store: Store;
  readonly #now: () => Date;
  #name: StreamName | undefined;
  #descriptor: protos.google.protobuf.IDescriptorProto | undefined;
  #plan: { rows: RecordPlan; schemaVersion: number } | undefined;
  #answers: Promise<void> = Promise.resolve();
  #pendingBytes = 0;
  /** Nothing more is taken in. */
  #closing = false;
  /** Nothing more is sent. */
  #ended = false;
  readonly #faults: Faults | undefined;
  #frozen = false;
  #idleFault: Fault | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(call: Call, store: Store, now: () => Date, faults?: Faults) {
    this.#call = call;
    this.#store = store;
    this.#now = now;
    this.#faults = faults;
    call.on('data', (append: SizedAppend) => this.#receive(append));
    call.on('end', () => {
      if (!this.#frozen) this.#queue(Promise.resolve(undefined));
    });
    call.on('cancelled', () => {
      this.#ended = true;
    });
    call.on('error', () => {
      this.#ended = true;
    });
  }

  /** Ends the connection once all that it has received is answered. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#frozen) return this.#finish();
    this.#queue(Promise.resolve(undefined));
    await this.#answers;
  }

  /** Ends the connection now, whatever is not answered. */
  reset(fault: Fault): void {
    this.#closing = true;
    this.#finish(refuse(fault, 'UNAVAILABLE'));
  }

  isOn(on: string | undefined): boolean {
    return on === undefined || (this.#name && formatStreamName(this.#name).includes(on)) === true;
  }

  #receive({ request, bytes }: SizedAppend): void {
    if (this.#ended || this.#closing) return;
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.#call.pause();
    // The decoding runs now; a rejection is the end of the call, after the answers before it.
    const write = () => this.#answer(request, bytes);
    this.#queue(this.#faults ? this.#scripted(request, write, this.#faults) : write(), bytes);
  }

  /** Carries an append out under the faults that are scripted. */
  #scripted(
    request: Request,
    write: () => Promise<Response>,
    faults: Faults,
  ): Promise<Response | undefined> {
    const name = parseStreamName(request.writeStream) ?? this.#name;
    if (!name) return write();
    const stream = formatStreamName(name);
    const append: StruckAppend = {
      stream,
      table: this.#store.getTable(name.table),
      rows: request.protoRows?.rows?.serializedRows ?? [],
      write,
    };
    clearTimeout(this.#idleTimer);
    this.#idleFault ??= faults.take(['append.idle-close'], stream);
    const fault = takeAppendFault(faults, append);
    if (!fault) return write();
    if (endsConnection(fault)) this.#closing = true;
    if (fault.name === 'append.frozen') this.#frozen = true;
    this.#name ??= name;
    return strike(fault, append);
  }

  #armIdleClose({ ms = DEFAULT_FAULT_MS }: Fault): void {
    clearTimeout(this.#idleTimer);
    const close = () => this.#finish(new Refusal(status.ABORTED, 'Closing the stream: it is idle'));
    this.#idleTimer = setTimeout(close, ms).unref();
  }

  #queue(answer: Promise<Response | undefined>, bytes = 0): void {
    // Handled below, in its turn; until then it must not count as unhandled.
    answer.catch(() => {});
    this.#answers = this.#answers.then(async () => {
      try {
        const response = await answer;
        if (this.#ended) return;
        if (response) this.#call.write(AppendRowsResponse.fromObject(response));
        else this.#finish();
        if (this.#idleFault) this.#armIdleClose(this.#idleFault);
      } catch (cause) {
        this.#finish(cause);
      }
      this.#pendingBytes -= bytes;
      if (this.#pendingBytes <= MAX_PENDING_BYTES) this.#call.resume();
    });
  }

  #finish(cause?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#idleTimer);
    if (cause === undefined) this.#call.end();
    else this.#call.emit('error', toRefusal(cause).toCallStatus());
  }

  /** Resolves to the answer; rejects with what ends the connection. */
  async #answer(request: Request, bytes: number): Promise<Response> {
    const name = this.#resolveName(request.writeStream);
    const table = this.#store.getTable(name.table);
    if (table?.type !== 'TABLE') throw tableNotFound(name.table);
    const descriptor = request.protoRows?.writerSchema?.protoDescriptor;
    if (descriptor) {
      this.#descriptor = descriptor;
      this.#plan = undefined;
    }
    const knownVersion = this.#plan?.schemaVersion ?? table.schemaVersion;
    const answer = await this.#write(request, bytes, table);
    answer.writeStream = formatStreamName(name);
    if (knownVersion !== table.schemaVersion) answer.updatedSchema = toTableSchema(table.schema);
    return answer;
  }

  async #write(request: Request, bytes: number, table: Table): Promise<Response> {
    try {
      checkRequest(request, bytes);
      const rows = decodeRows(this.#planFor(table), request, partitionCheck(table, this.#now()));
      if (!Array.isArray(rows)) return rows;
      await this.#store.append(table, rows);
      return { appendResult: {} };
    } catch (cause) {
      if (cause instanceof CellError) {
        const current = this.#store.getTable(table);
        // The table changed between decoding and append: the row is not to blame.
        if (current && current.schemaVersion !== table.schemaVersion) {
          return await this.#write(request, bytes, current);
        }
        return refuseRows([{ index: cause.rowIndex, message: cause.message }]);
      }
      if (cause instanceof Refusal) return { error: cause.status };
      throw cause;
    }
  }

  #resolveName(writeStream: string): StreamName {
    if (writeStream === '') {
      if (this.#name) return this.#name;
      throw new Refusal(status.INVALID_ARGUMENT, 'the first request must name its write_stream');
    }
    const name = parseStreamName(writeStream);
    if (!name) throw new Refusal(status.INVALID_ARGUMENT, `no write stream: ${writeStream}`);
    if (name.stream !== '_default') {
      throw new Refusal(status.NOT_FOUND, `Not found: stream ${writeStream}`, {
        code: 'STREAM_NOT_FOUND',
        entity: writeStream,
      });
    }
    if (this.#name && formatStreamName(this.#name) !== formatStreamName(name)) {
      throw new Refusal(
        status.INVALID_ARGUMENT,
        `this connection writes to ${formatStreamName(this.#name)}, not to ${writeStream}`,
      );
    }
    this.#name = name;
    return name;
  }

  #planFor(table: Table): RecordPlan {
    if (this.#plan?.schemaVersion === table.schemaVersion) return this.#plan.rows;
    if (!this.#descriptor) {
      throw new Refusal(status.INVALID_ARGUMENT, 'the first request must bring its writer_schema');
    }
    const rows = planRows(table, this.#descriptor);
    this.#plan = { rows, schemaVersion: table.schemaVersion };
    return rows;
  }
}

function checkRequest(request: Request, bytes: number): void {
  if (bytes > MAX_REQUEST_BYTES) {
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `the request has ${bytes} bytes; at most ${MAX_REQUEST_BYTES} are allowed`,
    );
  }
  if (request.arrowRows) {
    throw new Refusal(status.UNIMPLEMENTED, 'rows in Arrow format: this server takes proto_rows');
  }
  if (request.offset) {
    throw new Refusal(status.INVALID_ARGUMENT, 'the default stream has no offsets');
  }
}

/** All rows as cells, or the answer that names the bad ones. */
function decodeRows(
  plan: RecordPlan,
  request: Request,
  check: (row: readonly Cell[]) => void,
): Cell[][] | Response {
  const rows: Cell[][] = [];
  const problems: RowProblem[] = [];
  for (const [index, bytes] of (request.protoRows?.rows?.serializedRows ?? []).entries()) {
    try {
      const row = decodeRow(plan, bytes);
      check(row);
      rows.push(row);
    } catch (cause) {
      if (!(cause instanceof BadRow)) throw cause;
      problems.push({ index, message: cause.message });
    }
  }
  return problems.length === 0 ? rows : refuseRows(problems);
}

function toRefusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (cause instanceof BigQueryError && cause.reason === 'notFound') {
    return new Refusal(status.NOT_FOUND, cause.message);
  }
  return new Refusal(status.INTERNAL, cause instanceof Error ? cause.message : String(cause));
}
