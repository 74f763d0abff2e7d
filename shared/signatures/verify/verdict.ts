/**
 * Why a delivery's signature is refused.
 * - `missing`: no signature or token, or a part that is signed is missing
 * - `malformed`: a signature that can't be decoded, or a time that can't be read
 * - `oversized`: before the signature can be checked, more would have to be read than any sender sends
 * - `mismatch`: no live secret made it over these bytes
 * - `stale`: authentic, but signed too long ago or too far in the future
 * - `no-secret`, `bad-secret`: no secret is set, or one can't be read as a key. The relay's failure, not the sender's
 * - `no-certificate`: the sender's certificate can't be fetched now, so it is not known whether the signature holds
 */
export type Cause =
  | 'missing'
  | 'malformed'
  | 'oversized'
  | 'mismatch'
  | 'stale'
  | 'no-secret'
  | 'bad-secret'
  | 'no-certificate';

/** `secret` is the index, in the list of live secrets, of the one that matched. */
export type Verdict = { ok: true; secret: number } | { ok: false; cause: Cause };

export function refused(cause: Cause): Verdict {
  return { ok: false, cause };
}

/** Whether a live secret made the signature, or why that can't be known. */
export type Match = boolean | 'bad-secret' | 'no-certificate';

/** The first live secret that matched; otherwise the cause. */
export function judge(matches: readonly Match[]): Verdict {
  const secret = matches.indexOf(true);
  if (secret >= 0) return { ok: true, secret };
  const failure = matches.find((match) => typeof match === 'string');
  return refused(failure ?? 'mismatch');
}
