import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Field, Table } from '../tables/schema.ts';
import { FatalRefusal, Refusal } from './refusals.ts';
import type { ArrowDecoder } from './rows/arrow/arrow-decoder.ts';
import type { RowPlan } from './rows/protobuf/decode-row.ts';
import { planRows } from './rows/protobuf/row-plan.ts';
import { formatStreamName, parseStreamName, type StreamName } from './streams/stream-name.ts';

type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;
type Descriptor = protos.google.protobuf.IDescriptorProto;

/** How the rows of a writer schema become cells of a table. */
export type Decoder = { kind: 'proto'; plan: RowPlan } | { kind: 'arrow'; decoder: ArrowDecoder };

/** The schema that the sender encodes its rows with. */
type WriterSchema =
  | { kind: 'proto'; descriptor: Descriptor }
  | { kind: 'arrow'; bytes: Uint8Array };

/** The stream that a connection writes to, and the writer schema of its rows. */
export class Destination {
  readonly name: StreamName;
  /** The stream's full name. */
  readonly entity: string;
  #schema: WriterSchema | undefined;
  #decoder: { decoder: Decoder | Promise<Decoder>; columns: readonly Field[] } | undefined;

  constructor(name: StreamName) {
    this.name = name;
    this.entity = formatStreamName(name);
  }

  get isDefault(): boolean {
    return this.name.stream === '_default';
  }

  /** Takes the writer schema of a request, if it has one. */
  learn(request: Request): void {
    const schema = writerSchemaOf(request);
    if (!schema) return;
    this.#schema = schema;
    this.#decoder = undefined;
  }

  /**
   * The decoder of the writer schema for the table as it is now; for Arrow it is a promise.
   *
   * @throws FatalRefusal if the schema does not match the table: Google's own tests expect the end of the
   * connection
   */
  decoderFor(table: Table): Decoder | Promise<Decoder> {
    if (this.#decoder?.columns === table.schema) return this.#decoder.decoder;
    const decoder = this.#plan(table);
    this.#decoder = { decoder, columns: table.schema };
    return decoder;
  }

  #plan(table: Table): Decoder | Promise<Decoder> {
    const schema = this.#schema;
    if (!schema) {
      throw new Refusal(status.INVALID_ARGUMENT, 'the first request must have a writer_schema');
    }
    if (schema.kind === 'arrow') {
      return loadArrow(table, schema.bytes, this.entity).catch(endConnection);
    }
    try {
      return { kind: 'proto', plan: planRows(table, schema.descriptor, this) };
    } catch (cause) {
      return endConnection(cause);
    }
  }
}

function endConnection(cause: unknown): never {
  throw cause instanceof Refusal ? new FatalRefusal(cause) : cause;
}

function writerSchemaOf({ protoRows, arrowRows }: Request): WriterSchema | undefined {
  const descriptor = protoRows?.writerSchema?.protoDescriptor;
  if (descriptor) return { kind: 'proto', descriptor };
  const bytes = arrowRows?.writerSchema?.serializedSchema;
  return bytes instanceof Uint8Array && bytes.length > 0 ? { kind: 'arrow', bytes } : undefined;
}

/** Arrow's library is loaded when a client first sends Arrow. */
async function loadArrow(table: Table, bytes: Uint8Array, entity: string): Promise<Decoder> {
  const { ArrowDecoder } = await import('./rows/arrow/arrow-decoder.ts');
  return { kind: 'arrow', decoder: new ArrowDecoder(table, bytes, entity) };
}

/**
 * The destinations of one connection, one after the other. Several default streams can share a connection,
 * which Google's Java and Go clients call multiplexing:
 * https://cloud.google.com/bigquery/docs/write-api-best-practices#connection_pool_management
 */
export class Destinations {
  #current: Destination | undefined;
  #isMultiplexed = false;

  /** The destination of a request. Throws the error that ends the connection. */
  of(request: Request): Destination {
    const destination = this.#select(request.writeStream);
    destination.learn(request);
    this.#current = destination;
    return destination;
  }

  #select(writeStream: string): Destination {
    const current = this.#current;
    if (writeStream === '') {
      if (current && !this.#isMultiplexed) return current;
      throw invalid(
        current
          ? 'write_stream must be in every request after the connection has changed its stream'
          : 'the first request must name its write_stream',
      );
    }
    const name = parseStreamName(writeStream);
    if (!name) throw invalid(`not a write stream: ${writeStream}`);
    if (!current) return new Destination(name);
    const next = new Destination(name);
    if (current.entity === next.entity) return current;
    if (!current.isDefault || !next.isDefault) {
      throw invalid(
        `this connection writes to ${current.entity}, not to ${writeStream}: only default streams can share a connection`,
      );
    }
    this.#isMultiplexed = true;
    return next;
  }
}

function invalid(message: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, message);
}
