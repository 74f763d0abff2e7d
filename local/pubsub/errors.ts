import { status } from '@grpc/grpc-js';
import type { Fault } from '../faults/faults.ts';

/** The HTTP status of each canonical code on Google's REST API (google/rpc/code.proto). */
const HTTP_STATUS = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
} as const;

export type PubsubErrorCode = keyof typeof HTTP_STATUS;

/** An error response. gRPC reads `code` and `details`, REST reads `httpStatus` and `body`. */
export class PubsubError extends Error {
  override readonly name = 'PubsubError';
  readonly status: PubsubErrorCode;

  constructor(code: PubsubErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = code;
  }

  get code(): number {
    return status[this.status];
  }

  get details(): string {
    return this.message;
  }

  get httpStatus(): number {
    return HTTP_STATUS[this.status];
  }

  get body(): { error: { code: number; message: string; status: string } } {
    return { error: { code: this.httpStatus, message: this.message, status: this.status } };
  }
}

/** The connection closes without a response. gRPC clients then see UNAVAILABLE. */
export class ConnectionCut extends PubsubError {
  constructor() {
    super('UNAVAILABLE', 'The connection was cut, as scripted.');
  }
}

export function faultError(fault: Fault): PubsubError {
  return new PubsubError(fault.code ?? 'UNAVAILABLE', `${fault.name}, as scripted.`);
}

export function invalid(message: string): PubsubError {
  return new PubsubError('INVALID_ARGUMENT', message);
}

export function unimplemented(what: string): PubsubError {
  return new PubsubError(
    'UNIMPLEMENTED',
    `${what} is not implemented by this local Pub/Sub server`,
  );
}

/** An unexpected failure becomes INTERNAL. */
export function asPubsubError(error: unknown): PubsubError {
  if (error instanceof PubsubError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PubsubError('INTERNAL', message, error);
}
