// Why a key or signature does not hold, for the person who runs the relay: never for the sender. In: a refused request
// with the secrets of this and of other streams. Out: the likely mistake in words, without any secret. Begin here.

import { isHmac } from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import type { SignatureScheme } from '../scheme.ts';
import { verifySignature } from '../verify/verify.ts';
import { clockMistake, malformedMistake, missingMistake, sizeMistake } from './headers.ts';
import type { RefusedRequest } from './refused-request.ts';
import { isDecompressed, rewrittenBodies } from './rewritten-bodies.ts';
import { keySpellings } from './secret-spellings.ts';
import { tokenMistake } from './token-mistake.ts';
import { urlSpellings } from './url-spellings.ts';

/** Limits what the search may cost, over one or several refused requests. */
export class SearchBudget {
  #tries: number;
  #bytes: number;

  constructor(tries = 200, bytes = 4 * 1024 * 1024) {
    this.#tries = tries;
    this.#bytes = bytes;
  }

  /** False if a try over so many bytes is no longer within the budget. */
  take(bytes: number): boolean {
    if (this.#tries <= 0 || this.#bytes < bytes) return false;
    this.#tries--;
    this.#bytes -= bytes;
    return true;
  }
}

/** The likely mistake; undefined if none is recognised. */
export async function likelyMistake(
  refused: RefusedRequest,
  budget = new SearchBudget(),
): Promise<string | undefined> {
  const { cause, scheme } = refused;
  if (cause === 'missing') return missingMistake(scheme, refused.request.headers);
  if ('at' in scheme) return tokenMistake(scheme, refused);
  if (cause === 'malformed') return malformedMistake(scheme, refused.request.headers);
  if (cause === 'stale') return clockMistake(scheme, refused);
  // A certificate would have to be fetched again.
  if (cause !== 'mismatch' || scheme.certificate) return undefined;
  const found =
    sizeMistake(scheme, refused.request) ??
    (await firstThatHolds(attempts(scheme, refused), refused.now, budget));
  if (found !== undefined || !isDecompressed(refused.request)) return found;
  return 'the Content-Encoding says gzip, but the body is not: a proxy decompressed it, and what was signed is compressed';
}

/** What may have been signed instead, or with which key. */
interface Attempt {
  scheme?: SignatureScheme;
  request?: SignedRequest;
  secrets?: readonly string[];
  /** What it means if the signature holds for this. */
  mistake: string;
}

type WholeAttempt = Required<Attempt>;

async function firstThatHolds(
  attempts: AsyncIterable<WholeAttempt>,
  now: number,
  budget: SearchBudget,
): Promise<string | undefined> {
  for await (const { scheme, request, secrets, mistake } of attempts) {
    if (!budget.take(request.body.length * secrets.length)) return undefined;
    const verdict = await verifySignature(scheme, request, secrets, now);
    // A stale signature is authentic.
    if (verdict.ok || verdict.cause === 'stale') return mistake;
  }
  return undefined;
}

/** The most likely come first. */
async function* attempts(
  scheme: SignatureScheme,
  refused: RefusedRequest,
): AsyncGenerator<WholeAttempt> {
  const { request, secrets } = refused;
  const whole = (attempt: Attempt) => ({ scheme, request, secrets, ...attempt });
  for (const { stream, value } of refused.others) {
    if (value === '') continue;
    const mistake = `signed with the secret of the stream "${stream}"`;
    yield whole({ secrets: [value], mistake });
  }
  if (scheme.url || scheme.urlDigest) {
    for (const { url, mistake } of urlSpellings(request.url, refused.cameTo)) {
      yield whole({ request: { ...request, url }, mistake });
    }
  }
  if (isHmac(scheme.algorithm)) {
    for (const { hex, mistake } of secrets.flatMap((secret) => keySpellings(secret, scheme.key))) {
      yield whole({ scheme: { ...scheme, key: 'hex' }, secrets: [hex], mistake });
    }
  }
  for await (const { body, mistake } of rewrittenBodies(request)) {
    yield whole({ request: { ...request, body }, mistake });
  }
}
