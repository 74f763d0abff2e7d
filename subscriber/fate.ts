/** What became of one envelope, or one row, on its way to a table. */
export type Fate =
  | { kind: 'written' }
  /** Can never become a row, whatever is tried again. */
  | { kind: 'dead'; reason: string; column?: string }
  /**
   * Nothing is wrong with it, but it isn't written: Pub/Sub keeps it and delivers it again. What was sent
   * and not answered may still be written: `later` tells.
   */
  | { kind: 'held'; reason: string; later?: Promise<Fate> };
