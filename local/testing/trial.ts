/** A request as `tryDelivery` takes it. What `signDelivery` makes is one. */
export interface TriedRequest {
  /** POST by default. */
  method?: string;
  /**
   * The URL, or only its path and query: `/orders?shop=1`. By default that of the stream. Where a key ends the path
   * (`endpoint-key`), it is read here.
   */
  url?: string;
  /** By name, in any case. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

/** What `tryDelivery` is told about the relay's surroundings. */
export interface TrialOptions {
  /** The values of the stream's secrets, by name. */
  secrets?: Readonly<Record<string, string | undefined>>;
  /** The clock, in Unix milliseconds; by default the present. */
  now?: number;
  /** Skips the key or signature, as for a body that was saved without its headers. */
  unsigned?: boolean;
}

/** One event of a delivery, as the table would have it. */
export type TriedEvent = {
  /** The event's name, where the stream reads one. */
  name?: string;
} & (
  | {
      becomes: 'row';
      /**
       * The cells by column, as text that BigQuery would print; NULL is null. A JSON column has its JSON text, digit
       * for digit.
       */
      row: Record<string, string | null>;
      /** Why a cell is NULL or changed. The delivery would also be kept as a dead letter, "written in part". */
      notes: readonly { column: string; reason: string }[];
    }
  /** Dropped by the stream's filter. `rules` are those that it does not pass. */
  | { becomes: 'nothing'; rules: readonly string[] }
  /** It can never be a row: the delivery would be kept only as a dead letter. */
  | { becomes: 'dead-letter'; reason: string; column?: string }
);

/** What would become of a delivery. */
export interface Trial {
  stream: string;
  /**
   * What the edge would decide: `accepted`, `filtered`, `handshake`, `unauthorized`, `malformed`, `too-large`, … .
   * `not-stored` is a failure of the relay: a secret that is missing, or that can't be read.
   */
  outcome: string;
  /** The status of the edge's answer. */
  status: number;
  /** Which secret the key or signature matches; `skipped` with `unsigned`. */
  signature?: string;
  /** Why the outcome is what it is. */
  reason?: string;
  /** Of an accepted or filtered delivery. */
  events: readonly TriedEvent[];
  /** The table of the rows, or of the export that is announced, as `dataset.table`. */
  table?: string;
  /** The export that would be loaded: path and query below the sender's API. */
  announces?: string;
  /** What was not looked at. */
  notTried: readonly string[];
}
