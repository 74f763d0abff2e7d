/** What differs from one wrangler.toml to another. */
export interface WranglerTomlOptions {
  /** Of the Worker: lower case letters, digits and hyphens. */
  name: string;
  /** The Worker's entry file, from the folder of wrangler.toml. */
  main: string;
  /** Without which the Worker is not deployed. */
  secrets: readonly string[];
}

/** `wrangler.toml`. Everything below the secrets is the same in the relay's own repository. */
export function wranglerTomlText({ name, main, secrets }: WranglerTomlOptions): string {
  return `name = "${name}"
main = "${main}"
compatibility_date = "2026-11-01"
send_metrics = false
minify = true
keep_names = false
upload_source_maps = true

# The Worker imports its streams under this name.
[alias]
"tributary-relay/config" = "./tributary.config.ts"

# A config with a problem stops here, with every problem named: the bundle leaves the checks out.
[build]
command = "npx tributary check"
watch_dir = "tributary.config.ts"

[observability]
enabled = true

# The relay writes a line itself for what was refused, not stored or unexpected (EDGE_LOG = "all" in [vars]: for
# every delivery). Cloudflare's own lines would hold the URL, and so the keys that stand in the endpoints' paths.
[observability.logs]
invocation_logs = false

[vars]
# https://<region>-pubsub.googleapis.com keeps messages in one region. Locally \`tributary start\` points
# it at its own Pub/Sub.
PUBSUB_ENDPOINT = "https://pubsub.googleapis.com"
# Tried where the first does not answer. Set both to regional endpoints that the topic's message storage
# policy allows.
#PUBSUB_FALLBACK_ENDPOINT = "https://europe-west1-pubsub.googleapis.com"

# Values are set with \`tributary secret\`; locally they are in .dev.vars.
[secrets]
required = [
${secrets.map((secret) => `  "${secret}",`).join('\n')}
]

${optionalParts}`;
}

const optionalParts = `# Failed tries to authenticate, by address: beyond these the answer is 429. Senders that show the right
# key or signature are never limited. The id is any number that no other limit of the account has.
[[ratelimits]]
name = "FAILED_TRIES"
namespace_id = "2611"
simple = { limit = 60, period = 60 }

# What follows is optional, for it needs resources that must exist before \`wrangler deploy\`. Lines that
# begin with "#" and no space are settings: take the "#" away to turn them on.

# Overflow: while Pub/Sub does not answer, deliveries are kept in a queue, and large ones in a bucket, and
# published later. Without it the sender is answered 503. It needs a paid plan: where a queue cannot keep
# messages for 14 days, it deletes them before they are parked. First:
#   npx wrangler queues create tributary-overflow --message-retention-period-secs 1209600
#   npx wrangler queues create tributary-overflow-dead --message-retention-period-secs 1209600
#   npx wrangler r2 bucket create tributary-overflow
#[[queues.producers]]
#binding = "OVERFLOW"
#queue = "tributary-overflow"

#[[queues.consumers]]
#queue = "tributary-overflow"
#max_batch_size = 20
#max_batch_timeout = 1
#max_retries = 100
#dead_letter_queue = "tributary-overflow-dead"

# A queue deletes what nobody consumes, and a dead-letter queue is no exception: it is drained too.
#[[queues.consumers]]
#queue = "tributary-overflow-dead"
#max_batch_size = 20
#max_batch_timeout = 1
#max_retries = 100

#[[r2_buckets]]
#binding = "OVERFLOW_OBJECTS"
#bucket_name = "tributary-overflow"

# Counters by stream and outcome, in Workers Analytics Engine; turn that on in the dashboard first.
#[[analytics_engine_datasets]]
#binding = "DELIVERIES"
#dataset = "tributary_deliveries"
`;
