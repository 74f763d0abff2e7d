import type { protos } from '@google-cloud/bigquery-storage';
import { Connection } from '../../../beds/append-client.ts';
import type { BigQueryTarget } from '../../bigquery-target.ts';

type StreamType = 'COMMITTED' | 'PENDING' | 'BUFFERED';

/** A table with the column `s`, a stream of it and a connection, closed at the end. */
export function onTable(
  type: StreamType | '_default',
  work: (given: {
    target: BigQueryTarget;
    parent: string;
    stream: string;
    connection: Connection;
    stored: () => Promise<unknown[]>;
  }) => Promise<void>,
  columns = 's STRING',
) {
  return async (target: BigQueryTarget) => {
    const table = await target.table(columns);
    const parent = target.path(table);
    const stream =
      type === '_default' ? `${parent}/streams/_default` : await openStream(target, parent, type);
    const connection = new Connection(target.write);
    const stored = async () => {
      const rows = await target.rows(`SELECT s FROM ${table.id} ORDER BY s`);
      return rows.map(([s]) => s);
    };
    try {
      await work({ target, parent, stream, connection, stored });
    } finally {
      connection.cancel();
    }
  };
}

export async function openStream(
  { write }: BigQueryTarget,
  parent: string,
  type: StreamType,
): Promise<string> {
  const [made] = await write.createWriteStream({ parent, writeStream: { type } });
  return made.name ?? '';
}

export const offset = (value: number) => ({ offset: { value } });

/** The code of Google's storage error among the details of a status. */
export function storageCode(
  error: protos.google.rpc.IStatus | null | undefined,
): number | undefined {
  // Where the stream ends with the error, they are in its metadata: a text stands here.
  if (!Array.isArray(error?.details)) return undefined;
  const detail = error.details.find(({ type_url }) => type_url?.endsWith('StorageError'));
  // Field 1, a varint.
  return detail?.value ? Buffer.from(detail.value as Uint8Array)[1] : undefined;
}

export const commit = async (
  { write }: BigQueryTarget,
  parent: string,
  ...writeStreams: string[]
) => {
  const [done] = await write.batchCommitWriteStreams({ parent, writeStreams });
  const errors = (done.streamErrors ?? []).map(({ code }) => code);
  return { isCommitted: Boolean(done.commitTime), errors };
};
