/** What is in the tables of one stream. */
export interface StreamFigures {
  stream: string;
  /** Deliveries with a 2xx that were not filtered. */
  acknowledged: number;
  rows: number;
  deadLetters: number;
  /** Rows beyond the first of their delivery. */
  twice: number;
  /** Deliveries that are there although the sender got no 2xx: the answer was lost. */
  unanswered: number;
}
