import type { Relay } from '../../shared/config/config.ts';
import type { Bindings } from '../optional-bindings.ts';
import { readSecret } from '../secrets.ts';
import type { AccessTokens } from './access-token.ts';
import { Batches } from './batches.ts';
import type { Destination } from './publish.ts';

/** How long the second endpoint is tried first once the first has failed, in milliseconds. */
const preferForMs = 30_000;

/** The relay's topic, at each of the endpoints that are bound. */
export function openTopic(relay: Relay, tokens: AccessTokens, now: () => number) {
  const path = `/v1/projects/${relay.project}/topics/${relay.topic}:publish`;
  const batches = new Batches();
  // A first endpoint that hangs would cost every delivery half of its budget.
  let preferred = { url: '', until: 0 };

  return (env: Bindings): Destination => {
    const urls = [env.PUBSUB_ENDPOINT, env.PUBSUB_FALLBACK_ENDPOINT]
      .filter((endpoint) => endpoint !== undefined && endpoint !== '')
      .map((endpoint) => endpoint + path);
    const first = urls.indexOf(preferred.url);
    if (first > 0 && now() < preferred.until) urls.unshift(...urls.splice(first, 1));
    return {
      urls,
      now,
      batches,
      authorize(refused) {
        if (refused !== undefined) tokens.drop(refused);
        return tokens.get(readSecret(env, 'GOOGLE_SERVICE_ACCOUNT'), now());
      },
      tookOver(url) {
        preferred = { url, until: now() + preferForMs };
      },
    };
  };
}
