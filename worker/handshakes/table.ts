import type { HandshakeName } from '../../shared/handshake-names.ts';
import { asana, dropbox } from './echoed.ts';
import type { Handshake } from './handshake.ts';
import { meta, x, zoom } from './proven.ts';
import { discord, graph, monday, slack, twitch, xero } from './verified.ts';

/** Every handshake, by the name that a stream's `handshake` holds. */
export const handshakes: Readonly<Record<HandshakeName, Handshake>> = {
  asana,
  discord,
  dropbox,
  graph,
  meta,
  monday,
  slack,
  twitch,
  x,
  xero,
  zoom,
};
