import { liesIn, networkOf, parseBlock } from '../shared/addresses.ts';
import type { RelayStream } from '../shared/config.ts';
import { handshakes } from './handshakes/table.ts';
import type { Bindings } from './optional-bindings.ts';

/** Which requests may knock at a stream at all, before anything of them is read. */
export interface Gate {
  methods: readonly string[];
  /** An address that is unknown is none of those that are allowed. */
  admits(address: string): boolean;
}

export function openGate(stream: RelayStream): Gate {
  const handshake = stream.handshake && handshakes[stream.handshake];
  const blocks = stream.allowedAddresses?.flatMap((text) => parseBlock(text) ?? []);
  return {
    methods: stream.acceptsGet || handshake?.get ? ['GET', 'POST'] : ['POST'],
    admits: blocks ? (address) => liesIn(address, blocks) : () => true,
  };
}

/**
 * Counts a failed try to authenticate. True where its address has made too many.
 *
 * Asked only after a failure, so that whoever shows the right key or signature is never limited, not
 * even behind an address that others abuse.
 */
export async function isOneTooMany(address: string, env: Bindings): Promise<boolean> {
  const key = networkOf(address);
  if (!env.FAILED_TRIES || key === undefined) return false;
  const { success } = await env.FAILED_TRIES.limit({ key });
  return !success;
}
