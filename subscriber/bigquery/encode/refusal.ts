/** Why a value can't become a cell. The codes are stable; the reason completes a sentence about the column. */
export type RefusalCode =
  | 'wrong_type'
  | 'unreadable'
  | 'out_of_range'
  | 'not_unicode'
  | 'not_json'
  | 'too_deep'
  | 'missing'
  | 'unknown_column'
  | 'outside_partitions'
  | 'too_large';

export interface Refusal {
  /** Dotted path, with an index for an element of a REPEATED column: `order.lines[2].price`. */
  column: string;
  code: RefusalCode;
  /** Holds nothing of the payload, so it may be logged. */
  reason: string;
}

/** A refusal of the value itself; `within` adds its path. */
export function refuse(code: RefusalCode, reason: string): Refusal {
  return { column: '', code, reason };
}

/** The refusal as seen from one level up. */
export function within(step: string, refusal: Refusal): Refusal {
  const joint = refusal.column === '' || refusal.column.startsWith('[') ? '' : '.';
  return { ...refusal, column: `${step}${joint}${refusal.column}` };
}
