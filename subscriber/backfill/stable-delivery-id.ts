import { hash } from 'node:crypto';

/**
 * The `delivery_id` of what was never delivered: a UUIDv8 (RFC 9562, section 5.8) of the stream's name and
 * the line, by SHA-256. The same line gives the same id on every run, and the version tells such rows
 * from those that came through the edge (UUIDv7).
 */
export function stableDeliveryId(stream: string, line: Uint8Array): string {
  // A name holds no NUL, so that no two pairs hash alike.
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${stream}\0`), line]), 'buffer');
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
