import type { Scheme, SignatureScheme } from './scheme.ts';

/** How old the stamp of a delivery may be: `90s`, `15m`, `25h`, `3d`; false where any age will do. */
export type ReplayWindow = string | false;

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** In seconds; undefined where the text is no duration, or none at all. */
export function readWindow(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  const unitS = seconds[unit];
  return unitS === undefined ? undefined : Number(count) * unitS;
}

/** The scheme with the window that a stream asks for in the place of its own; a checked one. */
export function withWindow(scheme: Scheme, window: ReplayWindow | undefined): Scheme {
  if (window === undefined || 'at' in scheme) return scheme;
  return keep(scheme, window === false ? undefined : readWindow(window));
}

function keep(scheme: SignatureScheme, toleranceS: number | undefined): SignatureScheme {
  const { timestamp, otherwise, ...rest } = scheme;
  if (!timestamp) return scheme;
  const { at, unit } = timestamp;
  return {
    ...rest,
    timestamp: { at, unit, ...(toleranceS !== undefined && { toleranceS }) },
    ...(otherwise && { otherwise: keep(otherwise, toleranceS) }),
  };
}
