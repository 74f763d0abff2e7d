/**
 * Why a delivery's signature is refused.
 * - `missing`: no signature or token, or a part that is signed is missing
 * - `malformed`: a signature that can't be decoded, or a time that can't be read
 * - `oversized`: before the signature can be checked, more would have to be read than any sender sends
 * - `mismatch`: no live secret made it over these bytes
 * - `stale`: authentic, but signed too long ago or too far in the future
 * - `no-secret`, `bad-secret`: no secret is set, or one can't be read as a key. The relay's failure, not the sender's
 */
export type Cause =
  | 'missing'
  | 'malformed'
  | 'oversized'
  | 'mismatch'
  | 'stale'
  | 'no-secret'
  | 'bad-secret';

/** `secret` is the index, in the list of live secrets, of the one that matched. */
export type Verdict = { ok: true; secret: number } | { ok: false; cause: Cause };

export function refused(cause: Cause): Verdict {
  return { ok: false, cause };
}

/** The first live secret that matched; otherwise the cause. */
export function judge(matches: readonly (boolean | 'bad-secret')[]): Verdict {
  const secret = matches.indexOf(true);
  if (secret >= 0) return { ok: true, secret };
  return refused(matches.includes('bad-secret') ? 'bad-secret' : 'mismatch');
}
