import type { Endpoint } from './endpoint.ts';
import { filterAndStore } from './filter-and-store.ts';
import { type Handled, met, unverified } from './handled.ts';
import type { Bindings } from './optional-bindings.ts';
import type { Outcome } from './outcome.ts';
import type { Destination } from './publish/publish.ts';
import { type BodyFault, declaredLength, readRequest } from './receive/body.ts';
import { takeBodyless } from './receive/bodyless.ts';
import { type Arrival, type Delivery, receive } from './receive/delivery.ts';
import { type Gate, isOneTooMany } from './receive/gate.ts';
import { handshakeOf, meetUnsigned, meetVerified } from './verify/challenge.ts';
import { type Verification, verify } from './verify/verify.ts';

/** What counts as a failed try to authenticate, unless the key held already. */
const failedTries: ReadonlySet<Outcome['outcome']> = new Set([
  'unauthorized',
  'forbidden',
  'timeout',
  'incomplete',
]);

/** How long a body may take, in milliseconds. No sender waits longer for its answer. */
const bodyWithinMs = 30_000;

const noBody = new Uint8Array(0);

/**
 * The steps of a delivery. Their order must not change: nothing is parsed before it is verified.
 *
 * `openDestination` is called once something is to be stored, and not for what is dropped or refused.
 */
export async function takeSteps(
  arrival: Arrival,
  endpoint: Endpoint & { gate: Gate },
  env: Bindings,
  openDestination: () => Destination,
): Promise<Handled> {
  const { stream, gate } = endpoint;
  const { request, method, headers } = arrival;
  if (!gate.admits(request)) {
    return { outcome: { outcome: 'forbidden' }, facts: { cause: 'address' } };
  }
  const cap = stream.maxBodyBytes;
  // The cap is no secret, so that nobody need show anything to be told at once.
  const declared = declaredLength(headers);
  if (declared !== undefined && declared > cap) return tooLarge(cap);
  // A key is shown without the body: who lacks it makes the edge hold none.
  const shown = needsKey(method, endpoint)
    ? await verify(receive(arrival, noBody), endpoint, env)
    : undefined;
  if (shown && !shown.ok) return await limited(unverified(shown, endpoint), request, env);
  if (method !== 'POST') {
    const handled = await takeBodyless(arrival, endpoint, env, openDestination, shown);
    return limited(handled, request, env);
  }
  const read = await readRequest(request, declared, cap, bodyWithinMs);
  if (!read.ok) {
    const handled = unread(read.cause, cap);
    return shown ? handled : limited(handled, request, env);
  }

  const delivery = receive(arrival, read.bytes);
  const judged = await judge(delivery, endpoint, env, openDestination, shown);
  judged.facts.bytes = read.bytes.byteLength;
  return limited(judged, request, env);
}

/** The console that asks with OPTIONS has the URL, and with it a key in the path; headers it may not have. */
function needsKey(method: string, { scheme, keyed }: Endpoint): boolean {
  return method === 'OPTIONS' ? keyed : 'at' in scheme;
}

/** The same, unless it is a failed try, and one too many from its address. */
function limited(handled: Handled, request: Request, env: Bindings): Handled | Promise<Handled> {
  return failedTries.has(handled.outcome.outcome) ? countTry(handled, request, env) : handled;
}

async function countTry(handled: Handled, request: Request, env: Bindings): Promise<Handled> {
  if (!(await isOneTooMany(request, env))) return handled;
  return { ...handled, outcome: { outcome: 'too-many-failures' } };
}

async function judge(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  openDestination: () => Destination,
  shown: Verification | undefined,
): Promise<Handled> {
  // A key is asked of a challenge too; a signature only of what it can sign.
  const showsKey = shown !== undefined;
  // Most streams have none; for them not even a turn of the event loop is spent on it.
  const hasHandshake = handshakeOf(endpoint) !== undefined;
  const unsigned =
    hasHandshake && !showsKey ? await meetUnsigned(delivery, endpoint, env) : undefined;
  if (unsigned) return met(unsigned);

  const verification = shown ?? (await verify(delivery, endpoint, env));
  if (!verification.ok) return unverified(verification, endpoint);
  const { secret } = verification;

  const answer = hasHandshake
    ? ((showsKey ? await meetUnsigned(delivery, endpoint, env) : undefined) ??
      (await meetVerified(delivery, endpoint, env, secret)))
    : undefined;
  if (answer) return met(answer, { secret });
  return filterAndStore(delivery, endpoint, env, openDestination, secret);
}

/** The sender's fault, each of them: never a 5xx. */
function unread(cause: BodyFault, maxBytes: number): Handled {
  switch (cause) {
    case 'too-large':
      return tooLarge(maxBytes);
    case 'too-slow':
      return { outcome: { outcome: 'timeout' }, facts: { cause: 'body-too-slow' } };
    case 'broken':
      return { outcome: { outcome: 'incomplete' }, facts: { cause: 'body-broken' } };
  }
}

function tooLarge(maxBytes: number): Handled {
  return { outcome: { outcome: 'too-large', maxBytes }, facts: {} };
}
