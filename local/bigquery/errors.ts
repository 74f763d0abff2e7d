/** Google's error reasons that this server uses, with the HTTP status of each. */
const STATUS = {
  invalid: 400,
  invalidQuery: 400,
  required: 400,
  parseError: 400,
  badRequest: 400,
  resourceInUse: 400,
  stopped: 499,
  notFound: 404,
  notImplemented: 501,
  duplicate: 409,
  conditionNotMet: 412,
  internalError: 500,
} as const;

export type ErrorReason = keyof typeof STATUS;

/** An entry of a job's `status.errors`. */
export interface ErrorProto {
  reason: ErrorReason;
  message: string;
  location?: string;
}

/** A refusal in Google's terms. `reason` is the stable code; tests and callers go by it. */
export class BigQueryError extends Error {
  readonly reason: ErrorReason;
  readonly location: string | undefined;

  constructor(
    reason: ErrorReason,
    message: string,
    options?: ErrorOptions & { location?: string },
  ) {
    super(message, options);
    this.name = 'BigQueryError';
    this.reason = reason;
    this.location = options?.location;
  }

  get status(): number {
    return STATUS[this.reason];
  }

  toProto(): ErrorProto {
    const location = this.location === undefined ? {} : { location: this.location };
    return { reason: this.reason, ...location, message: this.message };
  }
}
