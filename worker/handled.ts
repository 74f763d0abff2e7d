import type { Dropped } from './decide.ts';
import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';
import type { Facts } from './report/log.ts';
import type { Answer } from './verify/handshakes/handshake.ts';
import type { Verification } from './verify/verify.ts';

/** The outcome, and what the log is told beside it. */
export interface Handled {
  outcome: Outcome;
  facts: Facts;
  /** For the census, once nothing can go wrong with it any more. */
  dropped?: Dropped;
}

export function unverified(
  verification: Verification & { ok: false },
  endpoint: Endpoint,
): Handled {
  const { ok: _, ours, ...facts } = verification;
  const { bare } = endpoint;
  return { outcome: ours ? { outcome: 'not-stored' } : { outcome: 'unauthorized', bare }, facts };
}

export function met(answer: Answer, facts: Facts = {}): Handled {
  if ('reply' in answer) return { outcome: { outcome: 'handshake', reply: answer.reply }, facts };
  if ('refused' in answer) {
    return { outcome: { outcome: 'forbidden' }, facts: { ...facts, cause: answer.refused } };
  }
  const problem = `configuration: ${answer.missing} is missing or empty`;
  return {
    outcome: { outcome: 'not-stored' },
    facts: { ...facts, cause: 'secret-missing', problem },
  };
}
