// The Storage Write API over gRPC. A connection of AppendRows (append-connection.ts) decodes and writes each
// request with request-writer.ts, by way of rows/ (protobuf to cells) and streams/ (COMMITTED and PENDING
// streams). append-faults.ts injects faults. In: rows of Google's clients. Out: rows in ../storage/.

import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Faults } from '../../faults/faults.ts';
import { guardCalls } from '../../guards/grpc-guard.ts';
import type { AllowedHosts } from '../../guards/request-guard.ts';
import type { Store } from '../storage/store.ts';
import { AppendConnection } from './append-connection.ts';
import { Refusal, toRefusal } from './refusals.ts';
import { RequestWriter } from './request-writer.ts';
import { BIG_QUERY_WRITE } from './service-definition.ts';
import { WriteStreams } from './streams/write-streams.ts';

export interface StorageWriteOptions {
  /** 0 selects a free port. */
  port: number;
  /** The clock for the date range of partitioned tables. */
  now?: () => Date;
  faults?: Faults | undefined;
  allowHosts?: AllowedHosts | undefined;
  /** Adds other services of the same port. */
  addServices?: (server: Server) => void;
}

export interface StorageWriteServer {
  port: number;
  /** Answers all received requests, then ends every connection. */
  stop(): Promise<void>;
}

/** Above the API's own limit, so that a request that is too large gets the API's error, not gRPC's. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const GRACE_MS = 1000;

/**
 * Serves the Storage Write API on 127.0.0.1, without TLS.
 *
 * @throws the system's error if the port is taken
 */
export async function startStorageWrite(
  store: Store,
  { port, now = () => new Date(), faults, allowHosts, addServices }: StorageWriteOptions,
): Promise<StorageWriteServer> {
  const streams = await WriteStreams.open(store, faults);
  const sessions = new Set<AppendConnection>();
  const server = new Server({
    interceptors: [guardCalls(allowHosts)],
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  });
  server.addService(BIG_QUERY_WRITE, {
    appendRows: (call: ConstructorParameters<typeof AppendConnection>[0]) => {
      const session = new AppendConnection(
        call,
        new RequestWriter(store, streams, now),
        store,
        faults,
      );
      sessions.add(session);
      call.on('close', () => sessions.delete(session));
    },
    getWriteStream: unary((request) => streams.get(request)),
    createWriteStream: unary((request) => streams.create(request)),
    finalizeWriteStream: unary((request) => streams.finalize(request)),
    batchCommitWriteStreams: unary((request) => streams.commit(request)),
    flushRows: unary(() => {
      throw new Refusal(status.UNIMPLEMENTED, 'FlushRows: this server has no BUFFERED streams');
    }),
  });
  addServices?.(server);
  faults?.onPerform((fault) => {
    if (fault.name !== 'streams.reset') return;
    for (const session of sessions) if (session.isOn(fault.on)) session.reset(fault);
  });
  const bound = await bind(server, port);
  return { port: bound, stop: () => stop(server, sessions) };
}

export function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    const answered = async () => answer(call.request);
    answered().then(
      (response) => callback(null, response),
      (cause) => callback(toRefusal(cause).toCallStatus()),
    );
  };
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}

async function stop(server: Server, sessions: ReadonlySet<AppendConnection>): Promise<void> {
  await Promise.all([...sessions].map((session) => session.close()));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
