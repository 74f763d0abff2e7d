// Google's generated client on one connection, for a table with one STRING column `s`.

import { once } from 'node:events';
import { protos, v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;
export type WriteClient = InstanceType<typeof v1.BigQueryWriteClient>;

const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;

export function openWriteClient(port: number): WriteClient {
  return new v1.BigQueryWriteClient({
    projectId: 'demo',
    apiEndpoint: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
  });
}

/** An append of one row for each text. */
export function texts(writeStream: string, rows: readonly string[], more: Request = {}): Request {
  const fields = [{ name: 's', number: 1, type: Type.TYPE_STRING, label: Label.LABEL_OPTIONAL }];
  return {
    writeStream,
    protoRows: {
      writerSchema: { protoDescriptor: { name: 'Row', field: fields } },
      rows: {
        serializedRows: rows.map((text) =>
          protobuf.Writer.create().uint32(10).string(text).finish(),
        ),
      },
    },
    ...more,
  };
}

/** One connection: its responses, and the code that ended it (0: OK). */
export class Connection {
  readonly answers: Response[] = [];
  readonly #stream;
  code: number | null = null;

  constructor(client: WriteClient) {
    this.#stream = client.appendRows();
    this.#stream.on('data', (answer: Response) => this.answers.push(answer));
    this.#stream.on('error', ({ code }: { code: number }) => {
      this.code ??= code;
    });
    this.#stream.on('end', () => {
      this.code ??= 0;
    });
  }

  write(request: Request): void {
    this.#stream.write(request);
  }

  /** Writes and waits for the next response; throws the error that ends the stream instead. */
  async answer(request: Request): Promise<Response> {
    this.#stream.write(request);
    await once(this.#stream, 'data');
    return this.answers.at(-1) ?? {};
  }

  /** The code that the stream ends with. */
  async ended(): Promise<number | null> {
    while (this.code === null) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.code;
  }

  async close(): Promise<void> {
    this.#stream.end();
    await this.ended();
  }

  cancel(): void {
    this.#stream.cancel();
  }
}
