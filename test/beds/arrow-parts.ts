import { RecordBatchStreamWriter, type Table } from 'apache-arrow';

/** Continuation and length, before the metadata of a message. */
const HEAD_BYTES = 8;
const END_BYTES = 8;

/** The schema and the only batch of a table, as a client sends them in `arrow_rows`. */
export function arrowParts(table: Table): { schema: Uint8Array; batch: Uint8Array } {
  const bytes = RecordBatchStreamWriter.writeAll(table).toUint8Array(true);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // A schema is one message without a body.
  const end = HEAD_BYTES + view.getInt32(4, true);
  return { schema: bytes.slice(0, end), batch: bytes.slice(end, bytes.length - END_BYTES) };
}
