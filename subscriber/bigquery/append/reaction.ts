import type { Reaction } from '../../../shared/errors.ts';

/** gRPC codes by what they ask for; every other is transient. */
const REACTIONS: Readonly<Record<number, Reaction>> = {
  3: 'invalid', // INVALID_ARGUMENT
  5: 'setup', // NOT_FOUND
  7: 'setup', // PERMISSION_DENIED
  8: 'throttled', // RESOURCE_EXHAUSTED
  9: 'setup', // FAILED_PRECONDITION
  12: 'setup', // UNIMPLEMENTED
  16: 'setup', // UNAUTHENTICATED
};

export function reactionTo(code: number): Reaction {
  return REACTIONS[code] ?? 'transient';
}
