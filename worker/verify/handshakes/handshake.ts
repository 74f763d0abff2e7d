import type { Outcome, Reply } from '../../outcome.ts';
import type { Delivery } from '../../receive/delivery.ts';

/** The secrets that the answer to an unsigned challenge may need. */
export interface Keys {
  /** The stream's live secret; of several the first that is set. */
  secret: NamedSecret;
  /** The token that the user entered in the sender's console. */
  verifyToken: NamedSecret;
}

/** The value is empty if the secret is missing. */
interface NamedSecret {
  name: string;
  value: string;
}

/**
 * How a sender's console checks that an endpoint belongs to its user. A part that is undefined, or returns
 * undefined, leaves the request to the next step: it is a delivery, not a challenge.
 */
export interface Handshake {
  /** A GET that nothing signs. */
  get?(query: URLSearchParams, keys: Keys): Promise<Outcome | undefined>;
  /** A HEAD that nothing signs. */
  head?(): Outcome;
  /** An OPTIONS that nothing signs. If a key ends the path, it is verified. */
  options?(headers: Headers): Outcome | undefined;
  /** A POST that is sent before there is a secret to sign it with. */
  unsigned?(headers: Headers, body: Uint8Array): Outcome | undefined;
  /** A POST whose key or signature held. */
  verified?(delivery: Delivery, secret: string): Promise<Outcome | undefined>;
  /** What the console also expects of the answers to deliveries. */
  answers?: { bare?: true; acceptedStatus?: 200 };
}

export function reply(content: Reply): Outcome {
  return { outcome: 'handshake', reply: content };
}

/** Shows that somebody answers here, and nothing else. */
export const present: Outcome = reply({ status: 200 });

/** A challenge that proves nothing, or that is not safe to answer. The cause is for the log. */
export function refuse(cause: string): Outcome {
  return { outcome: 'forbidden', facts: { cause }, failedTry: true };
}

/** As plain text that no browser sniffs: anybody may have chosen it. */
export function echo(text: string): Outcome {
  const headers = { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' };
  return reply({ status: 200, headers, body: text });
}

export function replyJson(value: object): Outcome {
  const headers = { 'content-type': 'application/json' };
  return reply({ status: 200, headers, body: JSON.stringify(value) });
}

/** No sender's challenge is longer. */
const maxChallengeLength = 1024;

const decoder = new TextDecoder();

/** The members of a JSON object; none if the body is anything else. */
export function membersOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Can the value be a challenge? */
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
