import { readReference } from '../content/reference.ts';
import type { Signable } from '../content/template.ts';
import type { SignatureScheme } from '../scheme.ts';
import type { Cause } from './verdict.ts';

/** How far the two clocks may differ, in seconds (RFC 7519, section 4.1.4: "usually no more than a few minutes"). */
const leewayS = 60;

/**
 * Why a JWT whose signature held is refused all the same. Its times are checked here unless the scheme has a window:
 * a retry may carry the first token, whose `exp` is over by then.
 */
export function checkTerms(
  { jwt, timestamp }: SignatureScheme,
  signable: Signable,
  now: number,
): Cause | undefined {
  const claim = (name: string) => readReference({ from: 'claim', name }, signable);
  if (jwt?.issuer !== undefined && claim('iss') !== jwt.issuer) return 'mismatch';
  if (timestamp) return undefined;
  const [expires, begins] = [claim('exp'), claim('nbf')].map(secondsOf);
  // Without an end, a token that was seen once would be valid forever.
  if (expires === undefined) return 'missing';
  if (Number.isNaN(expires) || Number.isNaN(begins)) return 'malformed';
  const nowS = now / 1000;
  return nowS > expires + leewayS || nowS < (begins ?? 0) - leewayS ? 'stale' : undefined;
}

/** NumericDate (RFC 7519, section 2); NaN if it is none. */
function secondsOf(text: string | undefined): number | undefined {
  return text === undefined
    ? undefined
    : /^\d{1,15}(\.\d{1,9})?$/.test(text)
      ? Number(text)
      : Number.NaN;
}
