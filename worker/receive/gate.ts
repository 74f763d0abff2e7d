import { liesIn, networkOf, parseBlock } from '../../shared/addresses.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { schemes } from '../../shared/signatures/schemes.ts';
import { within } from '../deadline.ts';
import type { Bindings } from '../optional-bindings.ts';
import { handshakes } from '../verify/handshakes/table.ts';

/** A limit that is not told by then limits nobody, in milliseconds. */
const limitWithinMs = 500;

/** Which requests may knock at a stream at all, before anything of them is read. */
export interface Gate {
  methods: readonly string[];
  /** A request whose address is unknown comes from none that is allowed. */
  admits(request: Request): boolean;
}

export function openGate(stream: RelayStream): Gate {
  const blocks = stream.allowedAddresses?.flatMap((text) => parseBlock(text) ?? []);
  return {
    methods: methodsOf(stream),
    admits: blocks ? (request) => liesIn(addressOf(request), blocks) : () => true,
  };
}

/** HEAD and GET try an endpoint whose key they show: a console does so before it uses the URL. */
function methodsOf({ scheme, acceptsGet, handshake }: RelayStream): string[] {
  const { get, head, options } = (handshake && handshakes[handshake]) ?? {};
  const showsKey = 'at' in schemes[scheme];
  return [
    ...(showsKey || acceptsGet || get ? ['GET'] : []),
    ...(showsKey || head ? ['HEAD'] : []),
    ...(options ? ['OPTIONS'] : []),
    'POST',
  ];
}

/**
 * Counts a failed try to authenticate. True where the address that it comes from has made too many.
 *
 * Asked only after a failure, so that whoever shows the right key or signature is never limited, not
 * even behind an address that others abuse.
 */
export async function isOneTooMany(request: Request, env: Bindings): Promise<boolean> {
  const key = networkOf(addressOf(request));
  if (!env.FAILED_TRIES || key === undefined) return false;
  try {
    const told = await within(limitWithinMs, env.FAILED_TRIES.limit({ key }));
    return told?.success === false;
  } catch {
    // The try has failed, and that is what the sender must be told.
    return false;
  }
}

/** As Cloudflare saw it; empty where it did not tell. */
function addressOf({ headers }: Request): string {
  return headers.get('cf-connecting-ip') ?? '';
}
