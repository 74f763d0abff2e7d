import type { ValueNote } from '../../../shared/shape/map-columns.ts';
import type { Refusal } from '../append/refusal.ts';

/** `notes` say which cells are NULL, or changed, as the row's values do not fit them. */
export type Encoded =
  | { ok: true; row: Uint8Array; notes?: readonly ValueNote[] }
  | ({ ok: false } & Refusal);
