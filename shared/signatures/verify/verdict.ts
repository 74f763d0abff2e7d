/**
 * Why a delivery is not believed.
 * - `missing`: no signature (or token), or nothing of what it is made over
 * - `malformed`: nothing that can be decoded, or a timestamp that cannot be read
 * - `oversized`: more to be read before the signature could hold than any sender sends
 * - `mismatch`: not made with any live secret over these bytes
 * - `stale`: authentic, but signed too long ago or too far in the future
 * - `no-secret`, `bad-secret`: none is set, or one cannot be read as a key. Our failure, not the sender's
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

/** The first live secret that matched; else whose fault it is that none did. */
export function judge(matches: readonly (boolean | 'bad-secret')[]): Verdict {
  const secret = matches.indexOf(true);
  if (secret >= 0) return { ok: true, secret };
  return refused(matches.includes('bad-secret') ? 'bad-secret' : 'mismatch');
}
