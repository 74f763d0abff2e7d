import type { protos } from '@google-cloud/bigquery-storage';

export type AppendRequest = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;

/** The rows of one request, each with its index in its append. */
export interface Chunk {
  rows: readonly Uint8Array[];
  indexes: readonly number[];
  bytes: number;
}

/** The request adds a tag and a length to each row. */
const ROW_OVERHEAD_BYTES = 6;

/** Splits rows into chunks of at most `maxBytes`, in order. A larger row gets a chunk of its own. */
export function splitIntoChunks(rows: readonly Uint8Array[], maxBytes: number): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < rows.length; index++) {
    const size = (rows[index]?.length ?? 0) + ROW_OVERHEAD_BYTES;
    if (index > start && bytes + size > maxBytes) {
      chunks.push(slice(rows, start, index));
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (rows.length > start) chunks.push(slice(rows, start, rows.length));
  return chunks;
}

/** The chunk without the rows at these positions. */
export function without(chunk: Chunk, positions: ReadonlySet<number>): Chunk {
  const kept = chunk.rows.map((_, position) => position).filter((p) => !positions.has(p));
  return pick(chunk, kept);
}

/** Both halves of a chunk of at least two rows. */
export function halve(chunk: Chunk): [Chunk, Chunk] {
  const positions = chunk.rows.map((_, position) => position);
  const middle = Math.ceil(positions.length / 2);
  return [pick(chunk, positions.slice(0, middle)), pick(chunk, positions.slice(middle))];
}

export function toRequest(chunk: Chunk): AppendRequest {
  return { protoRows: { rows: { serializedRows: chunk.rows as Uint8Array[] } } };
}

function slice(rows: readonly Uint8Array[], start: number, end: number): Chunk {
  const indexes: number[] = [];
  for (let index = start; index < end; index++) indexes.push(index);
  return measured(rows.slice(start, end), indexes);
}

function pick(chunk: Chunk, positions: readonly number[]): Chunk {
  const rows = positions.flatMap((position) => chunk.rows[position] ?? []);
  return measured(
    rows,
    positions.flatMap((position) => chunk.indexes[position] ?? []),
  );
}

function measured(rows: Uint8Array[], indexes: number[]): Chunk {
  const bytes = rows.reduce((sum, row) => sum + row.length + ROW_OVERHEAD_BYTES, 0);
  return { rows, indexes, bytes };
}
