import type { StreamHistory } from './read-history.ts';
import type { LedgerFacts } from './read-ledger-facts.ts';
import type { LettersByWindow } from './read-letters.ts';

/** All that the conditions are judged by. What could not be read is absent, and then nothing is said about it. */
export interface Facts {
  /** BigQuery's clock, in Unix milliseconds. */
  now: number;
  letters?: LettersByWindow;
  /** By the stream's name. */
  ledger?: ReadonlyMap<string, LedgerFacts>;
  history?: ReadonlyMap<string, StreamHistory>;
  /** The tables that this replica can't write to, by the stream's name, and for how long. */
  refusedMs: ReadonlyMap<string, number>;
  /** How long this replica has kept up with the deliveries: while it is behind, the ledger is behind, too. */
  keptUpMs: number;
}
