import type { protos } from '@google-cloud/bigquery-storage';

export type AppendRequest = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;

/** Rows that travel in one request, each with its index in the append that it came with. */
export interface Piece {
  rows: readonly Uint8Array[];
  indexes: readonly number[];
  bytes: number;
}

/** Tag and length that the request adds to each row. */
const ROW_OVERHEAD_BYTES = 6;

/** Cuts rows into pieces of at most `maxBytes`, in order. A larger row travels alone. */
export function cutPieces(rows: readonly Uint8Array[], maxBytes: number): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < rows.length; index++) {
    const size = (rows[index]?.length ?? 0) + ROW_OVERHEAD_BYTES;
    if (index > start && bytes + size > maxBytes) {
      pieces.push(slice(rows, start, index));
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (rows.length > start) pieces.push(slice(rows, start, rows.length));
  return pieces;
}

/** The piece without the rows at these positions of it. */
export function without(piece: Piece, positions: ReadonlySet<number>): Piece {
  const kept = piece.rows.map((_, position) => position).filter((p) => !positions.has(p));
  return pick(piece, kept);
}

/** Both halves of a piece of two rows or more. */
export function halve(piece: Piece): [Piece, Piece] {
  const positions = piece.rows.map((_, position) => position);
  const middle = Math.ceil(positions.length / 2);
  return [pick(piece, positions.slice(0, middle)), pick(piece, positions.slice(middle))];
}

export function toRequest(piece: Piece): AppendRequest {
  return { protoRows: { rows: { serializedRows: piece.rows as Uint8Array[] } } };
}

function slice(rows: readonly Uint8Array[], start: number, end: number): Piece {
  const indexes: number[] = [];
  for (let index = start; index < end; index++) indexes.push(index);
  return measured(rows.slice(start, end), indexes);
}

function pick(piece: Piece, positions: readonly number[]): Piece {
  const rows = positions.flatMap((position) => piece.rows[position] ?? []);
  return measured(
    rows,
    positions.flatMap((position) => piece.indexes[position] ?? []),
  );
}

function measured(rows: Uint8Array[], indexes: number[]): Piece {
  const bytes = rows.reduce((sum, row) => sum + row.length + ROW_OVERHEAD_BYTES, 0);
  return { rows, indexes, bytes };
}
