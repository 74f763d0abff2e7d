import { protos } from '@google-cloud/bigquery-storage';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  BIG_QUERY_WRITE,
  type SizedAppend,
} from '../../local/bigquery/storage-write/service-definition.ts';

const { AppendRowsResponse } = protos.google.cloud.bigquery.storage.v1;
type Answer = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

/** One request as the script sees it. */
export interface Received {
  rows: string[];
  bytes: number;
  request: Request;
  /** Counted from 1, over all connections. */
  number: number;
  connection: number;
}

/** What the server does with a request; it may do several things, or nothing. */
export interface Hand {
  /** Keeps the rows and acknowledges them. */
  store(): void;
  /** Keeps the rows without a word. */
  storeSilently(): void;
  answer(answer: Answer): void;
  /** Ends the stream; code 0 is OK. */
  end(code: number, message?: string): void;
}

export interface StorageWriteScriptBed {
  endpoint: string;
  port: number;
  received: Received[];
  stored: string[];
  connections: number;
  /** Ends every open stream. */
  endAll(code: number): void;
  stop(): void;
}

/** A BigQueryWrite that answers as a test scripts it, standing for Google's on a bad day. */
export async function startStorageWriteScriptBed(
  script: (received: Received, hand: Hand) => void,
  port = 0,
): Promise<StorageWriteScriptBed> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const hands = new Set<Hand>();
  const state: StorageWriteScriptBed = {
    endpoint: '',
    port: 0,
    received: [],
    stored: [],
    connections: 0,
    endAll: (code) => {
      for (const hand of hands) hand.end(code);
    },
    stop: () => server.forceShutdown(),
  };
  const appendRows = (call: ServerDuplexStream<SizedAppend, Answer>) => {
    const connection = ++state.connections;
    const idle = handOf(call, state, []);
    hands.add(idle);
    call.on('close', () => hands.delete(idle));
    call.on('cancelled', () => hands.delete(idle));
    call.on('data', ({ request, bytes }: SizedAppend) => {
      const serialized = request.protoRows?.rows?.serializedRows ?? [];
      const rows = serialized.map((row) => Buffer.from(row).toString());
      const number = state.received.length + 1;
      const received = { rows, bytes, request, number, connection };
      state.received.push(received);
      script(received, handOf(call, state, rows));
    });
  };
  const { appendRows: definition } = BIG_QUERY_WRITE;
  server.addService({ appendRows: definition }, { appendRows });
  state.port = await new Promise<number>((resolve, reject) => {
    const address = `127.0.0.1:${port}`;
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  state.endpoint = `127.0.0.1:${state.port}`;
  return state;
}

function handOf(
  call: ServerDuplexStream<SizedAppend, Answer>,
  state: StorageWriteScriptBed,
  rows: string[],
): Hand {
  const answer = (message: Answer) => call.write(AppendRowsResponse.fromObject(message));
  return {
    answer,
    store: () => {
      state.stored.push(...rows);
      answer({ appendResult: {} });
    },
    storeSilently: () => state.stored.push(...rows),
    end: (code, message = 'as scripted') => {
      if (code === 0) call.end();
      else call.emit('error', { code, details: message });
    },
  };
}
