import { protos } from '@google-cloud/bigquery-storage';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Fault, Faults } from '../../faults/faults.ts';
import type { Store } from '../storage/store.ts';
import {
  applyFault,
  DEFAULT_FAULT_MS,
  endsConnection,
  type PendingAppend,
  refuse,
  takeAppendFault,
} from './append-faults.ts';
import { Refusal, toRefusal } from './refusals.ts';
import type { RequestWriter } from './request-writer.ts';
import type { SizedAppend } from './service-definition.ts';
import { formatStreamName, parseStreamName, type StreamName } from './streams/stream-name.ts';

const { AppendRowsResponse } = protos.google.cloud.bigquery.storage.v1;

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;
type Call = ServerDuplexStream<
  SizedAppend,
  protos.google.cloud.bigquery.storage.v1.AppendRowsResponse
>;

/** Above this number of unwritten bytes, the connection is paused. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/**
 * One AppendRows connection. Requests are decoded as they arrive. Appends to a default stream run in
 * parallel; the responses keep the order of the requests.
 */
export class AppendConnection {
  readonly #call: Call;
  readonly #writer: RequestWriter;
  readonly #store: Store;
  /** The stream of the last request, for faults. */
  #name: StreamName | undefined;
  #answers: Promise<void> = Promise.resolve();
  #pendingBytes = 0;
  /** True when no more requests are accepted. */
  #closing = false;
  /** True when no more responses are sent. */
  #ended = false;
  readonly #faults: Faults | undefined;
  #frozen = false;
  #idleFault: Fault | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(call: Call, writer: RequestWriter, store: Store, faults?: Faults) {
    this.#call = call;
    this.#writer = writer;
    this.#store = store;
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

  /** Answers all received requests, then ends the connection. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#frozen) return this.#finish();
    this.#queue(Promise.resolve(undefined));
    await this.#answers;
  }

  /** Ends the connection at once, without the missing responses. */
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
    // Decoding runs now. A rejection ends the call, after all earlier responses.
    const write = () => this.#writer.write(request, bytes);
    this.#queue(this.#faults ? this.#scripted(request, write, this.#faults) : write(), bytes);
  }

  /** Writes an append with the next matching fault. */
  #scripted(
    request: Request,
    write: () => Promise<Response>,
    faults: Faults,
  ): Promise<Response | undefined> {
    const name = parseStreamName(request.writeStream) ?? this.#name;
    if (!name) return write();
    this.#name = name;
    const stream = formatStreamName(name);
    const append: PendingAppend = {
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
    return applyFault(fault, append);
  }

  #armIdleClose({ ms = DEFAULT_FAULT_MS }: Fault): void {
    clearTimeout(this.#idleTimer);
    const close = () => this.#finish(new Refusal(status.ABORTED, 'Closing the stream: it is idle'));
    this.#idleTimer = setTimeout(close, ms).unref();
  }

  #queue(answer: Promise<Response | undefined>, bytes = 0): void {
    // A rejection is handled below, after the earlier responses; it must not be reported as unhandled before.
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
}
