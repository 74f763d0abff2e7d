// Checks of Arrow's IPC messages before Arrow's library reads them: it believes every length, so a few wrong
// bytes would take all memory. https://github.com/apache/arrow/blob/main/format/Message.fbs

import { FlatTable } from './flat-table.ts';

const CONTINUATION = -1;
const HEAD_BYTES = 8;
const SCHEMA = 1;
const RECORD_BATCH = 3;
/** The limits of a BigQuery table: 10,000 columns in 15 levels. */
const MAX_FIELDS = 10_000;
const MAX_DEPTH = 15;

/** The bytes of one message, without what follows it. Throws a RangeError that says what is wrong. */
function messageOf(bytes: Uint8Array, headerType: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES || view.getInt32(0, true) !== CONTINUATION) {
    throw new RangeError('it does not begin with an IPC message');
  }
  const metadataBytes = view.getInt32(4, true);
  const bodyAt = HEAD_BYTES + metadataBytes;
  if (metadataBytes <= 0 || bodyAt > bytes.length) throw new RangeError('it is cut off');
  const message = FlatTable.root(bytes.subarray(HEAD_BYTES, bodyAt));
  if (message.byte(1) !== headerType) throw new RangeError('it is a message of another type');
  if (message.length(4, 4) > MAX_FIELDS) throw new RangeError('it has too much metadata');
  const bodyBytes = message.long(3);
  if (bodyBytes < 0n || bodyBytes > BigInt(bytes.length - bodyAt)) {
    throw new RangeError('its body is cut off');
  }
  const whole = bytes.subarray(0, bodyAt + Number(bodyBytes));
  return { whole, header: message.table(2), bodyBytes };
}

/** The message of a schema, and the number of its fields in all levels. */
export function schemaMessage(bytes: Uint8Array): { whole: Uint8Array; fields: number } {
  const { whole, header } = messageOf(bytes, SCHEMA);
  const budget = { fields: MAX_FIELDS, metadata: MAX_FIELDS, nameBytes: bytes.length };
  spend(budget, 'metadata', header.length(2, 4));
  spend(budget, 'metadata', header.length(3, 8));
  const fields = countFields(header.tables(1), 1, budget);
  return { whole, fields };
}

type Budget = Record<'fields' | 'metadata' | 'nameBytes', number>;

function countFields(fields: readonly FlatTable[], depth: number, budget: Budget): number {
  if (depth > MAX_DEPTH) throw new RangeError(`it is deeper than ${MAX_DEPTH} levels`);
  spend(budget, 'fields', fields.length);
  let count = fields.length;
  for (const field of fields) {
    spend(budget, 'nameBytes', field.length(0, 1));
    spend(budget, 'metadata', field.length(6, 4));
    if (field.has(4)) throw new RangeError('dictionary encoding is not supported');
    const children = field.length(5, 4);
    if (children > budget.fields) throw new RangeError('it has too many fields');
    count += countFields(field.tables(5), depth + 1, budget);
  }
  return count;
}

/** Parts of a FlatBuffer may be shared, so that few bytes could stand for very many fields. */
function spend(budget: Budget, what: keyof Budget, amount: number): void {
  budget[what] -= amount;
  if (budget[what] < 0) throw new RangeError(`it has too many ${what}`);
}

/** The message of a record batch of a schema with so many fields. */
export function batchMessage(bytes: Uint8Array, fields: number): Uint8Array {
  const { whole, header, bodyBytes } = messageOf(bytes, RECORD_BATCH);
  if (header.has(3)) throw new RangeError('compressed record batches are not supported');
  if (header.length(4, 8) > 0) throw new RangeError('views are not supported');
  const nodes = header.pairs(1);
  if (nodes.length !== fields) {
    throw new RangeError(`it has ${nodes.length} columns, the schema has ${fields}`);
  }
  // A row needs at least a bit. A column without buffers could claim any number of rows.
  const maxRows = BigInt(bytes.length) * 8n;
  for (const length of [header.long(0), ...nodes.map(([length]) => length)]) {
    if (length < 0n || length > maxRows) throw new RangeError(`it has no room for ${length} rows`);
  }
  for (const [offset, length] of header.pairs(2)) {
    if (offset < 0n || length < 0n || offset + length > bodyBytes) {
      throw new RangeError('a buffer is outside of the body');
    }
  }
  return whole;
}
