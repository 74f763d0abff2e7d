import type { protos } from '@google-cloud/bigquery-storage';
import type { Metadata } from '@grpc/grpc-js';
import type { WriteClient } from '../client.ts';
import { reactionTo } from './backoff.ts';
import type { AppendRequest } from './chunk.ts';

export type AppendResponse = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

/** The answer to a request, or the end of the stream that carried it. */
export type Reply =
  | { kind: 'answered'; response: AppendResponse }
  /**
   * `alone`: no other request was on the stream, so a refusal is about this one. `isAboutTable`: the service
   * named an error of the table or of the rows' schema, not of a row.
   */
  | { kind: 'lost'; code: number; message: string; alone: boolean; isAboutTable?: boolean };

export interface ConnectionOptions {
  /** `projects/…/datasets/…/tables/…/streams/…` */
  writeStream: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  appendTimeoutMs: number;
  /** Called once, when the stream is gone. */
  onEnd: () => void;
}

interface Pending {
  bytes: number;
  settle: (reply: Reply) => void;
}

/** The trailer with a StorageError: with it Google ends the stream of rows that have too many fields. */
const STORAGE_ERROR = 'google.cloud.bigquery.storage.v1.storageerror-bin';

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;

/**
 * One AppendRows stream and the FIFO of its requests: answers have no id and come in the order of the requests.
 * However the stream ends, every request in the FIFO is settled.
 */
export class AppendConnection {
  readonly #options: ConnectionOptions;
  readonly #stream: ReturnType<WriteClient['appendRows']>;
  readonly #fifo: Pending[] = [];
  #pendingBytes = 0;
  /** Runs for the first request in the FIFO: no other can be answered before it. */
  #timer: NodeJS.Timeout | undefined;
  #introduced = false;
  /** An answer has shown that the service knows the rows' schema. */
  #isSchemaKnown = false;
  #open = true;
  #ended = false;

  constructor(client: WriteClient, options: ConnectionOptions) {
    this.#options = options;
    // The service routes by this header: https://google.aip.dev/client-libraries/4222
    const routing = `write_stream=${encodeURIComponent(options.writeStream)}`;
    this.#stream = client.appendRows({
      otherArgs: { headers: { 'x-goog-request-params': routing } },
    });
    this.#stream.on('data', (response: AppendResponse) => this.#answer(response));
    this.#stream.on('error', (error: Error & { code?: number; metadata?: Metadata }) => {
      const isAboutTable = (error.metadata?.get(STORAGE_ERROR).length ?? 0) > 0;
      this.#lose(error.code ?? UNKNOWN, error.message, isAboutTable);
    });
    this.#stream.on('end', () => this.#lose(OK, 'the server ended the stream'));
    this.#stream.on('close', () => this.#lose(UNAVAILABLE, 'the stream was closed'));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Bytes of rows that were sent and not answered. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** @param bytes of the request's rows, where `pendingBytes` matters */
  async send(request: AppendRequest, bytes = 0): Promise<Reply> {
    if (!this.#open) {
      return { kind: 'lost', code: UNAVAILABLE, message: 'the stream is closed', alone: false };
    }
    return await new Promise<Reply>((settle) => {
      this.#fifo.push({ bytes, settle });
      if (this.#fifo.length === 1) this.#restartTimer();
      this.#pendingBytes += bytes;
      this.#stream.write(this.#introduced ? request : this.#introduce(request));
      this.#introduced = true;
    });
  }

  /** Ends the stream at once: its requests are lost. */
  abort(): void {
    this.#lose(CANCELLED, 'the writer was closed');
  }

  /** Only the first request of a connection carries the stream's name and the rows' schema. */
  #introduce(request: AppendRequest): AppendRequest {
    const { writeStream, descriptor } = this.#options;
    return {
      ...request,
      writeStream,
      traceId: 'tributary',
      protoRows: { ...request.protoRows, writerSchema: { protoDescriptor: descriptor } },
    };
  }

  #answer(response: AppendResponse): void {
    const pending = this.#fifo.shift();
    if (!pending) return;
    this.#restartTimer();
    this.#pendingBytes -= pending.bytes;
    // The service uses another schema from now on: this stream is drained, and the next one opened.
    if (response.updatedSchema) this.#open = false;
    // It may not have kept the schema, which no later request carries: drained as well.
    if (!this.#isSchemaKnown && isRefusal(response)) this.#open = false;
    this.#isSchemaKnown = true;
    pending.settle({ kind: 'answered', response });
    if (!this.#open && this.#fifo.length === 0) this.abort();
  }

  /** Restarts the timeout, for the first request in the FIFO. */
  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (this.#fifo.length === 0) return;
    this.#timer = setTimeout(() => this.#expire(), this.#options.appendTimeoutMs);
  }

  /** A later answer could not be told from the next request's, so the stream must end. */
  #expire(): void {
    const seconds = this.#options.appendTimeoutMs / 1000;
    this.#lose(DEADLINE_EXCEEDED, `no answer within ${seconds} s`);
  }

  #lose(code: number, message: string, isAboutTable = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#open = false;
    this.#stream.cancel();
    clearTimeout(this.#timer);
    const lost = this.#fifo.splice(0);
    for (const { settle } of lost) {
      settle({ kind: 'lost', code, message, alone: lost.length === 1, isAboutTable });
    }
    this.#options.onEnd();
  }
}

/** Was the request refused as a whole, for its table or its schema? Not for a row, nor for the service's state. */
function isRefusal({ error, rowErrors }: AppendResponse): boolean {
  if (!error?.code || (rowErrors?.length ?? 0) > 0) return false;
  const reaction = reactionTo(error.code);
  return reaction === 'setup' || reaction === 'invalid';
}
