import { status } from '@grpc/grpc-js';

/** How a stream ended: the status of gRPC. */
export interface StreamEnd {
  code: number;
  message: string;
}

/** After these, another try can't succeed before a person has fixed something. */
const fatal: ReadonlySet<number> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]);

export function isFatal(code: number): boolean {
  return fatal.has(code);
}

/** The status of a failed call; UNKNOWN for an error that has none. */
export function endOf(error: unknown): StreamEnd {
  const { code, message } = error as Partial<StreamEnd>;
  return { code: typeof code === 'number' ? code : status.UNKNOWN, message: message ?? '' };
}

const firstMs = 100;
const capMs = 5000;

/** How long to wait after so many tries, with full jitter. */
export function backoffMs(tries: number, random: () => number): number {
  return random() * Math.min(capMs, firstMs * 2 ** Math.min(tries, 20));
}
