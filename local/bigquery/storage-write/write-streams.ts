import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Faults } from '../../faults.ts';
import type { Store } from '../store.ts';
import { isNew, refuse } from './append-faults.ts';
import { Refusal, tableNotFound } from './refusals.ts';
import { formatStreamName, parseStreamName } from './stream-name.ts';
import { toTableSchema } from './table-schema.ts';

const { WriteStream, WriteStreamView } = protos.google.cloud.bigquery.storage.v1;

/** Every table's default stream exists without having been made. */
export function getWriteStream(
  store: Store,
  request: protos.google.cloud.bigquery.storage.v1.GetWriteStreamRequest,
  faults?: Faults,
): protos.google.cloud.bigquery.storage.v1.WriteStream {
  const name = parseStreamName(request.name);
  if (!name) throw new Refusal(status.INVALID_ARGUMENT, `no write stream: ${request.name}`);
  const table = store.getTable(name.table);
  if (table?.type !== 'TABLE') throw tableNotFound(name.table);
  const fault = faults?.take(['append.new-table'], formatStreamName(name), (each) =>
    isNew(table, each),
  );
  if (fault) throw refuse(fault, 'NOT_FOUND');
  if (name.stream !== '_default') {
    throw new Refusal(status.NOT_FOUND, `Not found: stream ${request.name}`, {
      code: 'STREAM_NOT_FOUND',
      entity: request.name,
    });
  }
  const created = {
    seconds: Math.floor(table.creationTime / 1000),
    nanos: (table.creationTime % 1000) * 1_000_000,
  };
  return WriteStream.fromObject({
    name: formatStreamName(name),
    type: WriteStream.Type.COMMITTED,
    createTime: created,
    commitTime: created,
    writeMode: WriteStream.WriteMode.INSERT,
    location: table.location,
    ...(request.view === WriteStreamView.FULL ? { tableSchema: toTableSchema(table.schema) } : {}),
  });
}
