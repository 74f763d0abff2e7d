import { protos } from '@google-cloud/bigquery-storage';
import { expect, test } from 'vitest';
import { classifyReply } from '../../../../subscriber/bigquery/append/classify-reply.ts';
import { AppendConnection } from '../../../../subscriber/bigquery/append/connection.ts';
import { openWriteClient } from '../../../../subscriber/bigquery/client.ts';
import { field, startStorageWriteBed, tablePath } from '../../../beds/storage-write-bed.ts';

const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;

test('a stream that ends for its schema is about the table, not about its rows', async () => {
  const bed = await startStorageWriteBed();
  const table = await bed.createTable('t', [field('s', 'STRING')]);
  const client = await openWriteClient({ projectId: 'demo', endpoint: bed.endpoint });
  const names = ['s', 'newer'];
  const connection = new AppendConnection(client, {
    writeStream: `${tablePath(table)}/streams/_default`,
    descriptor: {
      name: 'Row',
      field: names.map((name, index) => ({
        name,
        number: index + 1,
        type: Type.TYPE_STRING,
        label: Label.LABEL_OPTIONAL,
      })),
    },
    appendTimeoutMs: 20_000,
    onEnd: () => {},
  });
  const rows = { serializedRows: [Buffer.from([10, 1, 97])] };
  const reply = await connection.send({ protoRows: { rows } });
  expect(reply).toMatchObject({ kind: 'lost', code: 3, isAboutTable: true });
  expect(classifyReply(reply, 1)).toMatchObject({ kind: 'failed', failure: { reaction: 'setup' } });
  await client.close();
  await bed.stop();
});
