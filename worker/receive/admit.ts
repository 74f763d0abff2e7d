import { liesIn, networkOf } from '../../shared/addresses.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Bindings } from '../env.ts';
import type { Outcome } from '../outcome.ts';
import { withTimeout } from '../timeout.ts';
import type { Delivery } from './delivery.ts';

/** How long the rate limit may take to answer, in milliseconds. After that, nobody is limited. */
const limitWithinMs = 500;

/** Refuses a delivery by its address and declared length, before any of its body is read. */
export function admit(delivery: Delivery, { stream, allowed }: Endpoint): Outcome | undefined {
  // An unknown address is not an allowed one.
  if (allowed && !liesIn(addressOf(delivery), allowed)) {
    return { outcome: 'forbidden', facts: { cause: 'address' } };
  }
  // The limit is no secret: whoever exceeds it may know at once, without a key.
  const { maxBodyBytes: maxBytes } = stream;
  if ((delivery.declaredBytes ?? 0) > maxBytes) return { outcome: 'too-large', maxBytes };
  return undefined;
}

/**
 * Counts a failed attempt to authenticate; answers 429 if the address has made too many.
 *
 * Called only after a failure: a sender with the right key or signature is never limited, even if others abuse
 * its address.
 */
export async function limitFailedTries(
  outcome: Outcome,
  delivery: Delivery,
  { FAILED_TRIES: limit }: Bindings,
): Promise<Outcome> {
  const key = networkOf(addressOf(delivery));
  if (!limit || key === undefined) return outcome;
  try {
    const result = await withTimeout(limitWithinMs, limit.limit({ key }));
    if (result?.success !== false) return outcome;
  } catch {
    return outcome;
  }
  return { outcome: 'too-many-failures', ...(outcome.facts && { facts: outcome.facts }) };
}

/** As Cloudflare saw it; empty if the header is missing. */
function addressOf({ headers }: Delivery): string {
  return headers.get('cf-connecting-ip') ?? '';
}
