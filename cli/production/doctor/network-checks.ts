import { once } from 'node:events';
import { connect } from 'node:net';
import { type Check, type Finding, failed, ok, warning } from './check.ts';
import { placeOf } from './examination.ts';

/** A person waits, and an API that is slower than this is not reached. */
const withinMs = 3000;

export const pubsubReachCheck: Check = {
  id: 'pubsub',
  title: 'Pub/Sub answers',
  needs: ['place'],
  withinMs: withinMs + 500,
  run: (examination) => reach(placeOf(examination).origins.pubsub),
};

export const bigqueryReachCheck: Check = {
  id: 'bigquery',
  title: 'BigQuery answers',
  needs: ['place'],
  withinMs: withinMs + 500,
  run: (examination) => reach(placeOf(examination).origins.bigquery),
};

export const storageWriteReachCheck: Check = {
  id: 'storage-write',
  title: 'Storage Write answers',
  needs: ['place'],
  withinMs: withinMs + 500,
  async run(examination) {
    const { storageEndpoint, origins, isLocal } = placeOf(examination);
    if (!isLocal) return await reach(origins.storageWrite);
    if (!storageEndpoint) {
      return failed('BIGQUERY_STORAGE_EMULATOR_HOST is not set', {
        remedy: 'Set it to the host and the port of the Storage Write server.',
      });
    }
    return await reachPort(storageEndpoint);
  },
};

/** Whatever is answered shows that it is there: nobody needs to be logged in for that. */
async function reach(origin: string): Promise<Finding> {
  const { host } = new URL(origin);
  const begun = performance.now();
  try {
    const signal = AbortSignal.timeout(withinMs);
    const response = await fetch(origin, { redirect: 'manual', signal });
    await response.body?.cancel();
    return ok(`${host} in ${Math.round(performance.now() - begun)} ms`);
  } catch (error) {
    return notReached(host, reasonOf(error as Error));
  }
}

/** A gRPC server without TLS speaks no HTTP/1.1. */
async function reachPort(endpoint: string): Promise<Finding> {
  const { hostname, port } = new URL(`http://${endpoint}`);
  const begun = performance.now();
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(withinMs) });
    return ok(`${endpoint} in ${Math.round(performance.now() - begun)} ms`);
  } catch (error) {
    return notReached(endpoint, reasonOf(error as Error));
  } finally {
    socket.destroy();
  }
}

function notReached(host: string, reason: string): Finding {
  const isHere = /^(?:127\.|localhost|\[::1\])/.test(host);
  return failed(
    `${host} does not answer: ${reason}`,
    isHere
      ? { remedy: 'Start the local relay again:', command: 'npx tributary start' }
      : {
          remedy: 'Check the network, the firewall and the proxy:',
          command: `curl -sSo /dev/null -m 3 https://${host}/`,
        },
  );
}

/** fetch() says only that it failed; the reason is in the cause. */
export function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return `nothing within ${withinMs / 1000} s`;
  }
  const { cause, message } = error;
  if (!(cause instanceof Error)) return message;
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message || code || message;
}

/** Above this, times in rows and in measurements are wrong by more than anybody would expect. */
const slightSkewMs = 5000;
/**
 * Above this, a signature or a token that is made or verified here may be refused: the shortest window of a scheme
 * is 5 minutes, and must also cover the way of a delivery.
 */
const maxSkewMs = 60_000;

export const clockCheck: Check = {
  id: 'clock',
  title: 'clock',
  needs: ['pubsub'],
  withinMs: withinMs + 500,
  async run(examination) {
    const { now } = examination;
    const { origins } = placeOf(examination);
    const sentAt = now();
    const signal = AbortSignal.timeout(withinMs);
    const response = await fetch(origins.pubsub, { redirect: 'manual', signal });
    const receivedAt = now();
    await response.body?.cancel();
    const { host } = new URL(origins.pubsub);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return warning(`${host} tells no time, so the clock was not compared`);
    // The header has whole seconds: on average, half a second is cut off.
    const skewMs = (sentAt + receivedAt) / 2 - (date + 500);
    const bounds = `warned above ${slightSkewMs / 1000} s, failed above ${maxSkewMs / 1000} s`;
    const size = Math.abs(skewMs);
    if (size <= slightSkewMs) return ok(`within ${slightSkewMs / 1000} s of ${host}`);
    const found = `${describeMs(size)} ${skewMs > 0 ? 'ahead of' : 'behind'} ${host} (${bounds})`;
    const remedy = {
      remedy: 'Let the system set the clock from the network (NTP):',
      command: 'sudo timedatectl set-ntp true',
    };
    return size <= maxSkewMs ? warning(found, remedy) : failed(found, remedy);
  },
};

function describeMs(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
