import { RelayError } from '../../shared/errors.ts';
import type { Facts } from '../outcome.ts';

export interface LogLine extends Facts {
  /** Absent if no stream takes the request. */
  stream?: string;
  delivery_id?: string;
  outcome: string;
  /** The airport code of the Cloudflare data centre. */
  colo?: string;
}

/** Writes one line of JSON. */
export function writeLog(line: LogLine): void {
  console.log(JSON.stringify(line));
}

/** Only our own messages surely contain no secret and no payload: JSON.parse, for example, quotes its input. */
export function factsOf(error: unknown): Facts {
  if (error instanceof RelayError) return { cause: error.code, problem: error.message };
  if (!(error instanceof Error)) return { cause: 'unexpected' };
  const frames = error.stack?.split('\n').filter((line) => /^\s*at /.test(line)) ?? [];
  return {
    cause: `unexpected ${error.name}`,
    at: frames.slice(0, 5).map((frame) => frame.trim()),
  };
}
