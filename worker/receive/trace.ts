import { randomHex } from './random.ts';

/** W3C Trace Context, section 3.2: version, trace id, parent id, flags; later versions may append. */
const form =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The sender's `traceparent` where it is well-formed, else a new one. */
export function traceparentOf(header: string | null): string {
  const [, version, trace, parent, flags, rest] = form.exec(header ?? '') ?? [];
  // Section 3.2.4: of a later version, only what version 00 knows is carried on.
  if (trace && !(version === '00' && rest)) return `00-${trace}-${parent}-${flags}`;
  // Flag 00: nothing was sampled here.
  return `00-${randomHex(32)}-${randomHex(16)}-00`;
}
