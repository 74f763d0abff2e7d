import type { SignedRequest } from '../request.ts';
import type { Scheme } from '../scheme.ts';
import type { Cause } from '../verify/verify.ts';

export interface StreamSecret {
  stream: string;
  value: string;
}

export interface RefusedRequest {
  cause: Cause;
  scheme: Scheme;
  request: SignedRequest;
  /** The live secrets of the stream. */
  secrets: readonly string[];
  /** Those of the other streams. */
  others: readonly StreamSecret[];
  /** The URL that the request came to, if it is known. */
  cameTo?: string;
  /** When it was received, in Unix milliseconds. */
  now: number;
}
