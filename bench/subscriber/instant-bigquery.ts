import { protos } from '@google-cloud/bigquery-storage';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  BIG_QUERY_WRITE,
  type SizedAppend,
} from '../../local/bigquery/storage-write/service-definition.ts';

// A BigQuery that answers every append at once and stores nothing, in its own process. After `freeze` it
// answers nothing.

type Answer = protos.google.cloud.bigquery.storage.v1.AppendRowsResponse;

export interface Appended {
  appends: number;
  rows: number;
  rowBytes: number;
  /** The size of the requests. */
  wireBytes: number;
}

const { AppendRowsResponse } = protos.google.cloud.bigquery.storage.v1;
const taken = AppendRowsResponse.fromObject({ appendResult: {} });

let sum: Appended = { appends: 0, rows: 0, rowBytes: 0, wireBytes: 0 };
let isFrozen = false;

const server = new Server({ 'grpc.max_receive_message_length': -1 });
const { appendRows } = BIG_QUERY_WRITE;
server.addService(
  { appendRows },
  {
    appendRows(call: ServerDuplexStream<SizedAppend, Answer>) {
      call.on('data', ({ request, bytes }: SizedAppend) => {
        if (isFrozen) return;
        const rows = request.protoRows?.rows?.serializedRows ?? [];
        sum.appends++;
        sum.rows += rows.length;
        for (const row of rows) sum.rowBytes += row.length;
        sum.wireBytes += bytes;
        call.write(taken);
      });
      call.on('end', () => call.end());
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ kind: 'ready', port });
});

process.on('message', (message) => {
  if (message === 'freeze') isFrozen = true;
  if (message === 'take') {
    process.send?.({ kind: 'appended', ...sum });
    sum = { appends: 0, rows: 0, rowBytes: 0, wireBytes: 0 };
  }
});
process.on('disconnect', () => process.exit());
