import type { Reply } from './verify/handshakes/handshake.ts';

/** What the edge decided about a delivery. `bare`: for a sender that wants no body. */
export type Outcome =
  | { outcome: 'accepted'; deliveryId: string; status: 200 | 204 }
  | { outcome: 'filtered'; status: 200 | 204; reason: string; bare?: boolean }
  | { outcome: 'handshake'; reply: Reply }
  | { outcome: 'unknown-stream' }
  | { outcome: 'wrong-method'; allow: string }
  | { outcome: 'unauthorized'; bare?: boolean }
  | { outcome: 'forbidden' }
  | { outcome: 'too-many-failures' }
  | { outcome: 'malformed'; problem: string; field?: string; bare?: boolean }
  /** The body did not end in time. */
  | { outcome: 'timeout' }
  /** The body broke off (RFC 9112, section 8). */
  | { outcome: 'incomplete' }
  | { outcome: 'too-large'; maxBytes: number }
  /** A Content-Encoding that is none of `accepts` (RFC 9110, section 15.5.16). */
  | { outcome: 'unsupported-encoding'; accepts: readonly string[] }
  | { outcome: 'not-stored' };

type Answers = {
  [Name in Outcome['outcome']]: (outcome: Extract<Outcome, { outcome: Name }>) => Response;
};

/** How long a sender is asked to wait before it tries again, in seconds. */
const retryAfterS = 5;

/** The longest period that Cloudflare's rate limits know, in seconds. */
const limitPeriodS = 60;

/** The answer to each outcome. A failure of our own is never a 4xx: senders stop retrying on those. */
const answers: Answers = {
  accepted: ({ deliveryId, status }) =>
    new Response(null, { status, headers: { 'tributary-delivery-id': deliveryId } }),
  filtered: ({ status, reason }) =>
    // A 204 has no body; Response refuses one.
    new Response(status === 204 ? null : `${reason}\n`, {
      status,
      headers: {
        'tributary-outcome': 'filtered',
        ...(status === 200 && { 'content-type': 'text/plain; charset=utf-8' }),
      },
    }),
  handshake: ({ reply: { status, headers, body } }) =>
    new Response(body ?? null, { status, ...(headers && { headers }) }),
  'unknown-stream': () => problem(404, 'Not Found', 'no stream answers at this path'),
  'wrong-method': ({ allow }) =>
    problem(405, 'Method Not Allowed', `this path takes ${allow}`, {}, { allow }),
  // One body for every cause: the cause goes to the log, not to the caller.
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
  // RFC 9110, section 12.5.3: the header tells that it is the coding, not the type, that is not taken.
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

export function answer<Name extends Outcome['outcome']>(
  outcome: Extract<Outcome, { outcome: Name }>,
): Response {
  const respond = answers[outcome.outcome as Name];
  const response = respond(outcome as Parameters<typeof respond>[0]);
  return 'bare' in outcome && outcome.bare ? withoutBody(response) : response;
}

function withoutBody({ status, headers }: Response): Response {
  const bare = new Response(null, { status, headers });
  bare.headers.delete('content-type');
  return bare;
}

/** Problem details, RFC 9457: of the type `about:blank`, whose title is the status's own phrase. */
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
