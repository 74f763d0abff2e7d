/** A number from 0 up to 1. */
export type Random = () => number;

/** The same sequence for the same seed: xorshift (Marsaglia, 2003) over 32 bits. */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed ^ (seed >>> 15), 0x85ebca6b) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
