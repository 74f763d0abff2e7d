// The Storage Read API over gRPC. read-sessions.ts makes a session: a copy of a table's rows as they are then, in ranges
// (streams). send-rows.ts sends the rows of a stream, in a format of formats/. In: requests of Google's clients. Out:
// rows of ../storage/, in Arrow or Avro.

import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import type { Store } from '../storage/store.ts';
import { unary } from '../storage-write/main.ts';
import { ReadSessions } from './read-sessions.ts';
import { sendRows } from './send-rows.ts';
import { BIG_QUERY_READ } from './service-definition.ts';

export interface StorageRead {
  addTo(server: Server): void;
  /** Ends all sessions. No call may be running any more. */
  close(): Promise<void>;
}

/** `now` is the clock by which sessions expire. */
export function openStorageRead(store: Store, now: () => number = Date.now): StorageRead {
  const sessions = new ReadSessions(store, now);
  return {
    addTo(server) {
      server.addService(BIG_QUERY_READ as ServiceDefinition, {
        createReadSession: unary((request: Parameters<ReadSessions['create']>[0]) =>
          sessions.create(request),
        ),
        readRows: (call: Parameters<typeof sendRows>[1]) => void sendRows(sessions, call),
        splitReadStream: unary((request: Parameters<ReadSessions['split']>[0]) =>
          sessions.split(request),
        ),
      });
    },
    close: () => sessions.close(),
  };
}
