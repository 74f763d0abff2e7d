import { takenOutcomes } from '../shared/report/edge-report.ts';
/** What the edge decided about a delivery: the answer to the sender, and what the log and the census record. */
export type Outcome = Decided & {
  facts?: Facts;
  /** The events that a filter dropped. The census counts them once the outcome is final. */
  dropped?: Dropped;
  /** Counts against the address that sent it: see limitFailedTries. */
  failedTry?: boolean;
};

type Decided =
  | { outcome: 'accepted'; deliveryId: string; status: 200 | 204 }
  | { outcome: 'filtered'; status: 200 | 204; reason: string }
  | { outcome: 'handshake'; reply: Reply }
  | { outcome: 'unknown-stream' }
  | { outcome: 'wrong-method'; allow: string }
  | { outcome: 'unauthorized' }
  | { outcome: 'forbidden' }
  | { outcome: 'too-many-failures' }
  | { outcome: 'malformed'; problem: string; field?: string }
  /** The body did not end in time. */
  | { outcome: 'timeout' }
  /** The connection ended before the body did (RFC 9112, section 8). */
  | { outcome: 'incomplete' }
  | { outcome: 'too-large'; maxBytes: number }
  /** The Content-Encoding is not one of `accepts` (RFC 9110, section 15.5.16). */
  | { outcome: 'unsupported-encoding'; accepts: readonly string[] }
  | { outcome: 'not-stored' };

/** What a sender's console expects to read. */
export interface Reply {
  status: 200 | 204;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * What the log records of a delivery. Never a body, a signature, a key or any other text that the sender chose:
 * whoever may read logs may not read payloads.
 */
export interface Facts {
  cause?: string;
  /** For a person: what must be repaired, and where. */
  problem?: string;
  /** The name of the secret that matched. One that never matches can be retired. */
  secret?: string;
  /** The size of the body, or of the query of a GET. */
  bytes?: number;
  tries?: number;
  publish_ms?: number;
  /** Where overflow keeps it, or why overflow could not keep it. */
  overflow?: string;
  /** How many times the overflow queue has delivered it. */
  attempts?: number;
  /** The delay until the overflow queue delivers it again, in seconds. */
  again_in_s?: number;
  /** Stack frames of an unexpected error. */
  at?: string[];
}

export interface Dropped {
  cause: 'event-filter' | 'ignored';
  /** The name of each event; undefined for an event without one. */
  names: readonly (string | undefined)[];
}

/** Was it answered with a 2xx? Everything else was refused, or not stored. */
export function isTaken({ outcome }: Outcome): boolean {
  return takenOutcomes.includes(outcome);
}

export function isOutcome(value: object): value is Outcome {
  return 'outcome' in value;
}

/** Our own failure: the sender may be right, but the relay can't tell without the secret. */
export function missingSecret(name: string, facts: Facts = {}): Outcome {
  const problem = `configuration: ${name} is missing or empty`;
  return { outcome: 'not-stored', facts: { ...facts, cause: 'secret-missing', problem } };
}

type Answers = {
  [Name in Outcome['outcome']]: (outcome: Extract<Outcome, { outcome: Name }>) => Response;
};

/** How long a sender should wait before it tries again, in seconds. */
const retryAfterS = 5;

/** The longest period of Cloudflare's rate limits, in seconds. */
const limitPeriodS = 60;

/** Made once: most deliveries of a busy stream may be filtered. */
const filteredHeaders = new Headers({ 'tributary-outcome': 'filtered' });

/** The answer to each outcome. Our own failures are never a 4xx: senders do not retry those. */
const answers: Answers = {
  accepted: ({ deliveryId, status }) =>
    new Response(null, { status, headers: { 'tributary-delivery-id': deliveryId } }),
  filtered: ({ status, reason }) => {
    // A 204 has no body; Response refuses one.
    if (status === 204) return new Response(null, { status, headers: filteredHeaders });
    const headers = {
      'tributary-outcome': 'filtered',
      'content-type': 'text/plain; charset=utf-8',
    };
    return new Response(`${reason}\n`, { status, headers });
  },
  handshake: ({ reply: { status, headers, body } }) =>
    new Response(body ?? null, { status, ...(headers && { headers }) }),
  'unknown-stream': () => problem(404, 'Not Found', 'no stream answers at this path'),
  'wrong-method': ({ allow }) =>
    problem(405, 'Method Not Allowed', `this path takes ${allow}`, {}, { allow }),
  // The same body for every cause: only the log may know which.
  unauthorized: () => problem(401, 'Unauthorized', 'the key or signature is missing or wrong'),
  forbidden: () => problem(403, 'Forbidden', 'this is not taken here, or not from there'),
  'too-many-failures': () =>
    problem(
      429,
      'Too Many Requests',
      'too many failed tries from this address',
      {},
      { 'retry-after': String(limitPeriodS) },
    ),
  malformed: ({ problem: detail, field }) =>
    problem(400, 'Bad Request', detail, field === undefined ? {} : { field }),
  timeout: () => problem(408, 'Request Timeout', 'the body did not end in time'),
  incomplete: () => problem(400, 'Bad Request', 'the body broke off'),
  'too-large': ({ maxBytes }) =>
    problem(413, 'Content Too Large', `the body exceeds ${maxBytes} bytes`),
  // RFC 9110, section 12.5.3: the header shows that the coding was refused, not the media type.
  'unsupported-encoding': ({ accepts }) => {
    const codings = accepts.join(', ');
    return problem(
      415,
      'Unsupported Media Type',
      `the Content-Encoding is none of ${codings}`,
      {},
      { 'accept-encoding': codings },
    );
  },
  'not-stored': () =>
    problem(
      503,
      'Service Unavailable',
      'the delivery was not stored; please send it again',
      {},
      { 'retry-after': String(retryAfterS) },
    ),
};

/** The outcomes whose body a `bare` endpoint leaves out. */
const bareOutcomes: ReadonlySet<string> = new Set(['filtered', 'unauthorized', 'malformed']);

/** @param bare answer without a body, where the sender wants none */
export function toResponse<Name extends Outcome['outcome']>(
  outcome: Extract<Outcome, { outcome: Name }>,
  bare = false,
): Response {
  const respond = answers[outcome.outcome as Name];
  const response = respond(outcome as Parameters<typeof respond>[0]);
  return bare && bareOutcomes.has(outcome.outcome) ? withoutBody(response) : response;
}

function withoutBody({ status, headers }: Response): Response {
  const response = new Response(null, { status, headers });
  response.headers.delete('content-type');
  return response;
}

/** Problem details (RFC 9457) of the type `about:blank`: its title is the status phrase. */
function problem(
  status: number,
  title: string,
  detail: string,
  members: Record<string, string> = {},
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ title, status, detail, ...members }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}
