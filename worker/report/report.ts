import type { RelayStream } from '../../shared/config/config.ts';
import type { Bindings } from '../env.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery } from '../receive/delivery.ts';
import { type LogLine, writeLog } from './log.ts';

/** The id of a request at Cloudflare, `7f2c…-PRG`. */
const ray = /^[0-9a-f]+-([A-Z]{3})$/;

/** Writes the log line of an outcome, and counts it. Without a stream, the request matched no endpoint. */
export function report(
  { outcome, facts }: Outcome,
  env: Bindings,
  stream?: RelayStream,
  delivery?: Delivery,
): void {
  const colo = delivery && coloOf(delivery.headers);
  const line = {
    ...(stream && { stream: stream.name }),
    ...(delivery && { delivery_id: delivery.id }),
    outcome,
    ...facts,
    ...(colo && { colo }),
  };
  writeLog(line);
  const secret = facts?.secret === undefined ? undefined : stream?.secrets[facts.secret];
  count(line, secret, env);
}

/** From the id of the request: `request.cf` would parse everything that Cloudflare knows of it. */
function coloOf(headers: Headers): string | undefined {
  return headers.get('cf-ray')?.match(ray)?.[1];
}

/**
 * Counts a delivery in Workers Analytics Engine, if that is bound. The order of the columns must not change:
 * queries name them by it (docs/operate/counters.md).
 *
 * @param secret the name of the secret that matched: one that never matches can be retired
 */
function count(line: LogLine, secret: string | undefined, env: Bindings): void {
  const { stream = '', outcome, cause, overflow, colo, bytes, tries, publish_ms } = line;
  try {
    env.DELIVERIES?.writeDataPoint({
      indexes: [stream],
      blobs: [outcome, cause ?? '', secret ?? '', overflow ?? '', colo ?? ''],
      doubles: [bytes ?? 0, tries ?? 0, publish_ms ?? 0],
    });
  } catch {
    // The delivery may be stored: a lost count must not make the sender repeat it.
  }
}
