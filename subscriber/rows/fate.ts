/** Why an event, or a part of one, is in no table. For people: it holds nothing of the payload. */
export interface Loss {
  reason: string;
  /** Path of the column that is at fault, where one is; of several, with commas between them. */
  column?: string;
}

/** What became of one envelope, or one row, on its way to a table. */
export type Fate =
  /** `lacks`: the row is written, without the values that do not fit; the envelope has to be kept as well. */
  | { kind: 'written'; lacks?: Loss }
  /** Can never become a row, whatever is tried again. */
  | ({ kind: 'dead' } & Loss)
  /**
   * Nothing is wrong with it, but it isn't written: Pub/Sub keeps it and delivers it again. What was sent
   * and not answered may still be written: `later` tells.
   */
  | { kind: 'held'; reason: string; later?: Promise<Fate> };
