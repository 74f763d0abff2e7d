import type { Delivery } from '../../receive/delivery.ts';

/** What a sender's console expects to read. */
export interface Reply {
  status: 200 | 204;
  headers?: Record<string, string>;
  body?: string;
}

/** The cause is for the log. */
export type Answer =
  | { reply: Reply }
  /** A challenge that proves nothing, or one that it is not safe to answer. */
  | { refused: string }
  /** The name of a secret that is missing: ours to mend. */
  | { missing: string };

/** What an unsigned challenge may be answered with. */
export interface Keys {
  /** The stream's live secret; of several the first that is set. */
  secret: NamedSecret;
  /** What the user has told the sender's console to show. */
  verifyToken: NamedSecret;
}

/** Its value is empty where it is missing. */
interface NamedSecret {
  name: string;
  value: string;
}

/**
 * How a sender's console finds out that an endpoint is its user's. Each part is undefined, or answers
 * undefined, where a request is no challenge but a delivery.
 */
export interface Handshake {
  /** A GET, which nothing signs. */
  get?(query: URLSearchParams, keys: Keys): Promise<Answer | undefined>;
  /** A HEAD, which nothing signs. */
  head?(): Answer;
  /** An OPTIONS, which nothing signs; where a key ends the path, it holds. */
  options?(headers: Headers): Answer | undefined;
  /** A POST that comes before there is a secret to sign it with. */
  unsigned?(headers: Headers, body: Uint8Array): Answer | undefined;
  /** A POST whose key or signature held. */
  verified?(delivery: Delivery, secret: string): Promise<Answer | undefined>;
  /** The console looks at the answers to deliveries, too. */
  answers?: { bare?: true; acceptedStatus?: 200 };
}

/** Says that somebody answers here, and nothing else. */
export const present: Answer = { reply: { status: 200 } };

/** As text that no browser takes for anything else: anybody may have chosen it. */
export function echo(text: string): Answer {
  return {
    reply: {
      status: 200,
      headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
      body: text,
    },
  };
}

export function replyJson(value: object): Answer {
  return {
    reply: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    },
  };
}

/** Longer challenges than any sender makes are not worth sending back. */
const maxChallengeLength = 1024;

const decoder = new TextDecoder();

/** The members of a JSON object; none where the body is anything else. */
export function membersOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** A string that may be a challenge. */
export function isChallenge(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxChallengeLength;
}

/** Follows own properties only, so that a path cannot reach into a prototype. */
export function readPath(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
