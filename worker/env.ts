/** What wrangler.toml may bind. A binding that it does not name is undefined. */
interface OptionalBindings {
  /** The endpoint of another region, `https://<region>-pubsub.googleapis.com`, tried when the first one fails. */
  PUBSUB_FALLBACK_ENDPOINT: string;
  /** `all` or `problems`: overrides `log` of the config. */
  EDGE_LOG: string;
  /** Counts deliveries by stream and outcome. */
  DELIVERIES: AnalyticsEngineDataset;
  /** Limits failed attempts to authenticate, by address. */
  FAILED_TRIES: RateLimit;
  /** Keeps deliveries while Pub/Sub does not answer. */
  OVERFLOW: Queue<Uint8Array>;
  /** Keeps deliveries that are too large for the queue, or have been in it for too long. */
  OVERFLOW_OBJECTS: R2Bucket;
}

/** All bindings of the Worker. `Env` holds those that are generated from wrangler.toml. */
export type Bindings = Env & Partial<OptionalBindings>;

/** The value of a secret; empty if it is missing or blank. The config names it, so `Env` can't know it. */
export function readSecret(env: Env, name: string): string {
  const value = Object.hasOwn(env, name) ? (env as unknown as Record<string, unknown>)[name] : '';
  // `wrangler secret put` stores a blank secret when its input was empty.
  return typeof value === 'string' && value.trim() !== '' ? value : '';
}
