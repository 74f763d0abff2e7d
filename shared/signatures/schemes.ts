import { hmac, pathKey, type Scheme } from './scheme.ts';

export type { Scheme } from './scheme.ts';

/** Every scheme that the relay knows by name. A row says only where it differs from the default. */
export const schemes = {
  // The DataNostro tutorial "BigQuery export via a DataNostro webhook", step 2.
  datanostro: hmac({ signature: 'header:x-dn-signature' }),
  // Senders that do not sign (ABsmartly, SegmentStream): a capability URL (W3C TAG).
  'endpoint-key': pathKey(),
} as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof schemes;
