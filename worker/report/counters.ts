import type { Bindings } from '../optional-bindings.ts';
import type { LogLine } from './log.ts';

/**
 * Counts a delivery in Workers Analytics Engine, where that is bound. The order of the columns must not
 * change, for queries name them by it: docs/decisions/0009-what-is-counted.md.
 *
 * `secret` is the name of the secret that matched: one that no delivery needs any more can be retired.
 */
export function count(line: LogLine, secret: string | undefined, env: Bindings): void {
  const { stream = '', outcome, cause, overflow, colo, bytes, tries, publish_ms } = line;
  try {
    env.DELIVERIES?.writeDataPoint({
      indexes: [stream],
      blobs: [outcome, cause ?? '', secret ?? '', overflow ?? '', colo ?? ''],
      doubles: [bytes ?? 0, tries ?? 0, publish_ms ?? 0],
    });
  } catch {
    // The delivery is stored by now: its sender must not be told otherwise for the sake of a number.
  }
}
