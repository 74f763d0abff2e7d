import type { Endpoint } from '../endpoint.ts';
import { filterAndStore } from '../filter-and-store.ts';
import { type Handled, met, unverified } from '../handled.ts';
import type { Bindings } from '../optional-bindings.ts';
import type { Destination } from '../publish/publish.ts';
import { meetUnsigned } from '../verify/challenge.ts';
import { present } from '../verify/handshakes/handshake.ts';
import { type Verification, verify } from '../verify/verify.ts';
import { readBody } from './body.ts';
import { type Arrival, queryOf, receive } from './delivery.ts';

const noBody = new Uint8Array(0);
const encoder = new TextEncoder();

/** How long the first byte of a body is waited for where there should be none, in milliseconds. */
const strayWithinMs = 5000;

/**
 * The steps of a HEAD, an OPTIONS or a GET: a console tries the endpoint, or it is a delivery whose payload is
 * the query. What its signature sees is an empty body.
 *
 * `shown` is what became of the key, where one was to be shown.
 */
export async function takeBodyless(
  arrival: Arrival,
  endpoint: Endpoint,
  env: Bindings,
  openDestination: () => Destination,
  shown: Verification | undefined,
): Promise<Handled> {
  const { request, method, target } = arrival;
  const { stream } = endpoint;
  const asked = receive(arrival, noBody);
  const answer = await meetUnsigned(asked, endpoint, env);
  if (answer) return met(answer, shown?.ok ? { secret: shown.secret } : {});
  if (method === 'OPTIONS') return notTaken();

  const verification = shown ?? (await verify(asked, endpoint, env));
  if (!verification.ok) return unverified(verification, endpoint);
  const facts = { secret: verification.secret };
  if (await hasBody(request)) return stray(method, endpoint);
  const query = queryOf(target);
  if (method === 'HEAD' || query === '') return met(present, facts);
  if (!stream.acceptsGet) return { ...notTaken(), facts };

  const body = encoder.encode(query) as Uint8Array<ArrayBuffer>;
  const maxBytes = stream.maxBodyBytes;
  if (body.byteLength > maxBytes) return { outcome: { outcome: 'too-large', maxBytes }, facts };
  const delivery = { ...asked, body };
  const handled = await filterAndStore(delivery, endpoint, env, openDestination, facts.secret);
  handled.facts.bytes = body.byteLength;
  return handled;
}

function notTaken(): Handled {
  return { outcome: { outcome: 'wrong-method', allow: 'POST' }, facts: {} };
}

/** One byte is enough: a body that is not taken must not be dropped in silence. */
async function hasBody({ headers, body }: Request): Promise<boolean> {
  if (Number(headers.get('content-length')) > 0) return true;
  const reading = await readBody(body, 0, strayWithinMs);
  return !reading.ok && reading.cause === 'too-large';
}

function stray(method: string, { bare }: Endpoint): Handled {
  const problem = `a ${method} takes no body here: send it as a POST`;
  return {
    outcome: { outcome: 'malformed', problem, ...(bare && { bare }) },
    facts: { cause: 'stray-body' },
  };
}
