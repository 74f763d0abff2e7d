import { RelayError } from '../../shared/errors.ts';

/**
 * What the log tells of a delivery. Never a body, a signature, a key or anything else of a sender's
 * making: those who may read logs may not read payloads.
 */
export interface Facts {
  cause?: string;
  /** For a person: what must be mended, and where. */
  problem?: string;
  /** The index, in the stream's `secrets`, of the one that matched: an idle one can be retired. */
  secret?: number;
  bytes?: number;
  tries?: number;
  publish_ms?: number;
  /** Where it was kept instead of Pub/Sub, or why not even there. */
  overflow?: string;
  /** How often the overflow queue has handed it over. */
  attempts?: number;
  /** When it will do so again, in seconds. */
  again_in_s?: number;
  /** Frames of the stack of an unexpected error. */
  at?: string[];
}

export interface LogLine extends Facts {
  /** Absent where even the stream could not be told. */
  stream?: string;
  delivery_id?: string;
  outcome: string;
  /** The airport code of the Cloudflare data centre. */
  colo?: string;
}

/** One line of JSON a delivery. */
export function writeLog(line: LogLine): void {
  console.log(JSON.stringify(line));
}

/** Only our own messages are known to hold no secret and no payload; JSON.parse quotes what it reads. */
export function factsOf(error: unknown): Facts {
  if (error instanceof RelayError) return { cause: error.code, problem: error.message };
  if (!(error instanceof Error)) return { cause: 'unexpected' };
  const frames = error.stack?.split('\n').filter((line) => /^\s*at /.test(line)) ?? [];
  return {
    cause: `unexpected ${error.name}`,
    at: frames.slice(0, 5).map((frame) => frame.trim()),
  };
}
