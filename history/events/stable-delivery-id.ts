import { hash } from 'node:crypto';

/**
 * The `delivery_id` of what was never delivered: a UUIDv8 (RFC 9562, section 5.8) of the stream's name and
 * the line, by SHA-256. The same line gives the same id on every run, and the version tells such rows
 * from those that came through the edge (UUIDv7).
 */
export function stableDeliveryId(stream: string, line: Uint8Array): string {
  const hex = hash('sha256', `${stream}/${hash('sha256', line, 'hex')}`, 'hex');
  const variant = ((Number.parseInt(hex[16] ?? '', 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
