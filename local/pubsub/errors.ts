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

/** google.rpc.ErrorInfo: details that programs can read. */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An error response. gRPC reads `code` and `details`, REST reads `httpStatus` and `body`. */
export class PubsubError extends Error {
  override readonly name = 'PubsubError';
  readonly status: PubsubErrorCode;
  readonly info: ErrorInfo | undefined;

  constructor(code: PubsubErrorCode, message: string, cause?: unknown, info?: ErrorInfo) {
    super(message, { cause });
    this.status = code;
    this.info = info;
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

  get body(): { error: object } {
    const { httpStatus: code, message, status, info } = this;
    const details = info && [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...info }];
    return { error: { code, message, status, ...(details && { details }) } };
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

/** What exactly-once delivery answers to ack ids whose lease has ended. */
export function expiredAckIds(ackIds: readonly string[]): PubsubError {
  return new PubsubError(
    'INVALID_ARGUMENT',
    'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.',
    undefined,
    {
      reason: 'EXACTLY_ONCE_ACKID_FAILURE',
      domain: 'pubsub.googleapis.com',
      metadata: Object.fromEntries(
        ackIds.map((ackId) => [ackId, 'PERMANENT_FAILURE_INVALID_ACK_ID']),
      ),
    },
  );
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
