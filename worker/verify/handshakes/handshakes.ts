import type { HandshakeName } from '../../../shared/config/config.ts';
import { asana, cloudevents, dropbox, probe } from './echoed.ts';
import type { Handshake } from './handshake.ts';
import { braintree, meta, x, zoom } from './proven.ts';
import { discord, eventGrid, graph, monday, slack, twitch, xero } from './verified.ts';

/** Every handshake, by its name in the config. */
export const handshakes: Readonly<Record<HandshakeName, Handshake>> = {
  asana,
  braintree,
  cloudevents,
  discord,
  dropbox,
  'event-grid': eventGrid,
  graph,
  meta,
  monday,
  probe,
  slack,
  twitch,
  x,
  xero,
  zoom,
};
