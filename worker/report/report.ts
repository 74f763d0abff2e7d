import type { EdgeLog, RelayStream } from '../../shared/config/config.ts';
import type { Bindings } from '../env.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery } from '../receive/delivery.ts';
import { type LogLine, writeLog } from './log.ts';

/** The id of a request at Cloudflare, `7f2c…-PRG`. */
const ray = /^[0-9a-f]+-([A-Z]{3})$/;

/** What is reported of a request: all of it, without a stream or a delivery if it reached none. */
export interface Reported {
  stream?: RelayStream | undefined;
  delivery?: Delivery | undefined;
}

/** Counts an outcome, and writes its log line if it is a problem or every delivery leaves one. */
export function report(
  outcome: Outcome,
  { stream, delivery }: Reported,
  env: Bindings,
  log: EdgeLog,
): void {
  const isLogged = log === 'all' || isProblem(outcome);
  if (!isLogged && !env.DELIVERIES) return;
  const colo = delivery && coloOf(delivery.headers);
  const line = {
    ...(stream && { stream: stream.name }),
    ...(delivery && { delivery_id: delivery.id }),
    outcome: outcome.outcome,
    ...outcome.facts,
    ...(colo && { colo }),
  };
  if (isLogged) writeLog(line);
  count(line, env);
}

/**
 * Refused, failed or unexpected: overflow keeps it, or it took several tries, as after a failover to the second endpoint.
 * What is accepted or filtered as usual is in the ledger, and a line of it would cost more than the delivery.
 */
function isProblem({ outcome, facts }: Outcome): boolean {
  if (outcome === 'filtered' || outcome === 'handshake') return false;
  return outcome !== 'accepted' || facts?.overflow !== undefined || (facts?.tries ?? 1) > 1;
}

/** From the id of the request: `request.cf` would parse everything that Cloudflare knows of it. */
function coloOf(headers: Headers): string | undefined {
  return headers.get('cf-ray')?.match(ray)?.[1];
}

/**
 * Counts a delivery in Workers Analytics Engine, if that is bound. The order of the columns must not change:
 * queries name them by it (docs/operate/counters.md).
 */
function count(line: LogLine, env: Bindings): void {
  const { stream = '', outcome, cause, secret, overflow, colo, bytes, tries, publish_ms } = line;
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
