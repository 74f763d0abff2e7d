/** When a batch of rows is written: as soon as one of these is reached. */
export interface BatchLimits {
  rows: number;
  bytes: number;
  /** How long the first row may wait for company, in milliseconds. */
  lingerMs: number;
}

/**
 * An append is answered in a few milliseconds, so a short wait already fills it under load, and a lone
 * row is not kept waiting. BigQuery's advice is 0.5 to 2 MB a request.
 */
export const defaultLimits: BatchLimits = { rows: 5000, bytes: 1_000_000, lingerMs: 50 };

export interface BatchSize {
  rows: number;
  bytes: number;
}

/**
 * Where one more row goes: `closesBefore` when it would carry the batch over its bytes and begins the
 * next one, `closesAfter` when it fills the batch that it is in.
 */
export function placeRow(
  batch: BatchSize,
  rowBytes: number,
  limits: BatchLimits,
): { closesBefore: boolean; closesAfter: boolean } {
  const closesBefore = batch.rows > 0 && batch.bytes + rowBytes > limits.bytes;
  const rows = closesBefore ? 1 : batch.rows + 1;
  const bytes = closesBefore ? rowBytes : batch.bytes + rowBytes;
  return { closesBefore, closesAfter: rows >= limits.rows || bytes >= limits.bytes };
}
