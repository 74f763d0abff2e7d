/** What wrangler.toml may bind beside what it must: each is left out where it is not bound. */
interface OptionalBindings {
  /** Tried where the first endpoint does not answer: another region's, `https://<region>-pubsub.googleapis.com`. */
  PUBSUB_FALLBACK_ENDPOINT: string;
  /** Counts deliveries, by stream and outcome. */
  DELIVERIES: AnalyticsEngineDataset;
  /** Counts failed tries to authenticate, by address. */
  FAILED_TRIES: RateLimit;
  /** Keeps deliveries while Pub/Sub does not answer. */
  OVERFLOW: Queue<Uint8Array>;
  /** Keeps those that are too large for the queue, and those that it has held for too long. */
  OVERFLOW_OBJECTS: R2Bucket;
}

/** The bindings of the Worker. Those that are generated from wrangler.toml are `Env`. */
export type Bindings = Env & Partial<OptionalBindings>;
