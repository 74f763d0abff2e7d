import type { Reply } from '../../subscriber/bigquery/append/connection.ts';

/** Rows of one request, and its answer once it is on the wire. */
export interface PendingPiece<Origin> {
  rows: Uint8Array[];
  origins: Origin[];
  bytes: number;
  reply?: Promise<Reply>;
  /** Sent with no other beside it: a piece that was refused without a word of why, or a part of one. */
  apart?: boolean;
  /** One row, refused before any other was taken: bad, or the table is at odds with all of them. */
  isSuspect?: boolean;
}

const rowOverheadBytes = 6;

export function emptyPiece<Origin>(): PendingPiece<Origin> {
  return { rows: [], origins: [], bytes: 0 };
}

export function addToPiece<Origin>(
  piece: PendingPiece<Origin>,
  row: Uint8Array,
  origin: Origin,
): void {
  piece.rows.push(row);
  piece.origins.push(origin);
  piece.bytes += row.length + rowOverheadBytes;
}

/** Both halves of a piece of two rows or more, to be sent apart. */
export function halvePiece<Origin>(piece: PendingPiece<Origin>): PendingPiece<Origin>[] {
  const middle = piece.rows.length >> 1;
  const halves = [emptyPiece<Origin>(), emptyPiece<Origin>()];
  for (const [index, row] of piece.rows.entries()) {
    const half = halves[index < middle ? 0 : 1];
    if (half) addToPiece(half, row, piece.origins[index] as Origin);
  }
  return halves.map((half) => ({ ...half, apart: true }));
}
