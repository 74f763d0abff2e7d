/** A time with its unit: `90s`, `15m`, `6h`, `1d`. */
export type Span = `${number}${'s' | 'm' | 'h' | 'd'}`;

export const alertFormats = ['generic', 'slack', 'teams'] as const;

/** What a receiver understands. */
export type AlertFormat = (typeof alertFormats)[number];

/** What fires, for all streams or for one. */
export interface AlertConditions {
  /**
   * The time that dead letters, freshness, overflow and refused signatures are looked at: the last `15m` by default.
   * @example window: '1h'
   */
  window?: Span;
  /**
   * Fires if so many deliveries became dead letters, or rows written in part, within the window, and were not replayed:
   * 1 by default. False: never.
   * @example deadLetters: 10
   */
  deadLetters?: number | false;
  /**
   * Fires if BigQuery has refused all rows of a table for so long: `1m` by default. False: never.
   * @example tableRefused: '5m'
   */
  tableRefused?: Span | false;
  /**
   * Fires if 5% of the deliveries within the window became rows later than this: `1m` by default. False: never.
   * @example freshness: '10s'
   */
  freshness?: Span | false;
  /**
   * Fires if a stream that had deliveries has had none for so long. `learned`, the default, is three times the gap that
   * is usual for the stream, and half an hour at least. False: never.
   * @example silentAfter: '6h'
   */
  silentAfter?: Span | 'learned' | false;
  /**
   * Fires if overflow took so many deliveries within the window, because Pub/Sub did not: 1 by default. False: never.
   * @example overflow: 100
   */
  overflow?: number | false;
  /**
   * Fires if this share of the requests within the window was answered 401, and they were `unauthorizedCount` at least:
   * 0.2 by default. False: never.
   * @example unauthorized: 0.05
   */
  unauthorized?: number | false;
  /**
   * The least number of answers 401 within the window for which `unauthorized` fires: 20 by default.
   * @example unauthorizedCount: 5
   */
  unauthorizedCount?: number;
}

/** Who is told. */
export interface AlertReceiver {
  /**
   * The name of the environment variable of the subscriber that holds the URL (never the URL itself: who knows it can
   * post).
   * @example url: 'ALERTS_URL'
   */
  url: string;
  /**
   * What the receiver understands: JSON of our own, an incoming webhook of Slack, or a workflow of Teams.
   * @example format: 'slack'
   */
  format: AlertFormat;
  /**
   * The streams whose alerts it gets. By default those of all, and of the relay itself.
   * @example streams: ['orders']
   */
  streams?: readonly string[];
  /**
   * How often it gets a message that the relay watches, whether or not there is an alert. By default never.
   * @example heartbeat: '1d'
   */
  heartbeat?: Span;
}

/** The option `alerts` of a relay. */
export interface AlertOptions extends AlertConditions {
  /**
   * Who is told, 20 at most.
   * @example receivers: [{ url: 'ALERTS_SLACK_URL', format: 'slack' }]
   */
  receivers: readonly AlertReceiver[];
  /**
   * Other conditions for some streams; what they do not name stays as it is.
   * @example streams: { orders: { silentAfter: '10m', freshness: false } }
   */
  streams?: Readonly<Record<string, AlertConditions>>;
  /**
   * How often the conditions are looked at: `60s` by default.
   * @example every: '5m'
   */
  every?: Span;
  /**
   * How long a condition must be over until its alert is cleared: `5m` by default. It keeps one that comes and goes from
   * sending a message each time.
   * @example clearAfter: '15m'
   */
  clearAfter?: Span;
  /**
   * Fires if BigQuery has not answered for so long: `5m` by default. Each replica says so for itself, because their
   * common state is in BigQuery. False: never.
   * @example bigqueryAway: '15m'
   */
  bigqueryAway?: Span | false;
  /**
   * The URL of the console. Messages link to it.
   * @example consoleUrl: 'https://relay.example.com'
   */
  consoleUrl?: string;
}
