import avro from 'avsc';
import protobuf from 'protobufjs';
import { invalid, PubsubError } from '../errors.ts';
import { fromJson } from '../transport/proto-json.ts';
import { BINARY_ENCODING } from './schema-settings.ts';

const PROTOCOL_BUFFER = 1;
const AVRO = 2;
const MAX_DEFINITION_BYTES = 300 * 1024;

/** Throws if the data does not fit the schema. */
export type CheckData = (data: Uint8Array, encoding: number) => void;

/** Throws INVALID_ARGUMENT if the definition is not one of the type. */
export function compileSchema(type: number, definition: string): CheckData {
  if (Buffer.byteLength(definition) > MAX_DEFINITION_BYTES) {
    throw invalid(`Invalid schema definition: it is longer than ${MAX_DEFINITION_BYTES} bytes.`);
  }
  if (type !== AVRO && type !== PROTOCOL_BUFFER) {
    throw invalid('Invalid schema type: it must be AVRO or PROTOCOL_BUFFER.');
  }
  try {
    return type === AVRO ? compileAvro(definition) : compileProtocolBuffer(definition);
  } catch (error) {
    if (error instanceof PubsubError) throw error;
    throw invalid(`Invalid schema definition: ${(error as Error).message}`);
  }
}

function compileAvro(definition: string): CheckData {
  const type = avro.Type.forSchema(JSON.parse(definition));
  return (data, encoding) => {
    const bytes = Buffer.from(data);
    if (encoding === BINARY_ENCODING) type.fromBuffer(bytes);
    else type.fromString(bytes.toString());
  };
}

/** As on the service, it has one top-level message and imports nothing. */
function compileProtocolBuffer(definition: string): CheckData {
  const { root, imports, package: name } = protobuf.parse(definition, { keepCase: true });
  if (imports?.length) throw invalid('Invalid schema definition: imports are not supported.');
  const scope = name ? root.lookup(name) : root;
  const messages = (scope as protobuf.Namespace).nestedArray.filter(
    (nested) => nested instanceof protobuf.Type,
  );
  const [message] = messages;
  if (!message || messages.length > 1) {
    throw invalid(
      `Invalid schema definition: it has ${messages.length} top-level messages, and must have one.`,
    );
  }
  root.resolveAll();
  return (data, encoding) => {
    // Of a Buffer, protobufjs would take a string that is cut off.
    if (encoding === BINARY_ENCODING) message.decode(new Uint8Array(data));
    else fromJson(message, JSON.parse(Buffer.from(data).toString()));
  };
}
