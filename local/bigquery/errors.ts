/** The HTTP status of each of Google's error reasons that this server uses. */
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

/** An error response in Google's form. `reason` is the stable code that callers and tests check. */
export class BigQueryError extends Error {
  readonly reason: ErrorReason;
  readonly location: string | undefined;
  /** Where in the statement it is, in UTF-16 units. */
  readonly offset: number | undefined;

  constructor(
    reason: ErrorReason,
    message: string,
    options?: ErrorOptions & { location?: string; offset?: number },
  ) {
    super(message, options);
    this.name = 'BigQueryError';
    this.reason = reason;
    this.location = options?.location;
    this.offset = options?.offset;
  }

  get status(): number {
    return STATUS[this.reason];
  }

  toProto(): ErrorProto {
    const location = this.location === undefined ? {} : { location: this.location };
    return { reason: this.reason, ...location, message: this.message };
  }
}
