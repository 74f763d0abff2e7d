import { RelayError } from '../../shared/errors.ts';

/** How long a stop may take. */
export interface StopTime {
  /** What is on the wire may be answered for so long; dead letters are stored within it, too. */
  graceMs: number;
  /** What is in hand is acked by then, or given back. */
  withinMs: number;
}

/** Cloud Run kills after 10 s, Kubernetes after 30. */
const defaultSeconds = 8.5;
/** Acks are sent 0.1 s after their rows were written; Pub/Sub's client keeps the last second for giving back. */
const afterGraceMs = 1200;
const leastSeconds = 2;
const mostSeconds = 600;

/**
 * A stop takes `STOP_WITHIN_SECONDS` at most: less than the host gives between SIGTERM and SIGKILL.
 *
 * @throws RelayError `environment.invalid`
 */
export function readStopTime(environment: NodeJS.ProcessEnv): StopTime {
  const text = environment['STOP_WITHIN_SECONDS'];
  const seconds = Number(text || defaultSeconds);
  if (!(seconds >= leastSeconds && seconds <= mostSeconds)) {
    const message = `STOP_WITHIN_SECONDS is "${text}", and may be ${leastSeconds} to ${mostSeconds}`;
    throw new RelayError('environment.invalid', message);
  }
  return { graceMs: seconds * 1000 - afterGraceMs, withinMs: seconds * 1000 };
}
