/** What both ends of the stand-in for Pub/Sub know: the tests in workerd, and the server on Node. */

export type Fault =
  /** Answers with this status and no acknowledgement. */
  | { status: number }
  /** Stores, then breaks the connection off without an answer. */
  | 'lose-ack'
  /** Never answers. */
  | 'hang'
  /** Answers 200 and half a body, then nothing. */
  | 'hang-in-body'
  /** Stores, and answers after so many milliseconds. */
  | { afterMs: number }
  /** Answers 200 with this body. */
  | { body: string };

export interface Try {
  path: string;
  authorization: string;
  /** The body as JSON. */
  request: { messages: { attributes: Record<string, string>; data: string }[] };
  stored: boolean;
  /** Did the edge break the connection off before it had an answer? */
  abandoned: boolean;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the stand-in for Pub/Sub listens. */
    pubsub: string;
    /** The JSON key of a service account. */
    account: string;
  }
}
