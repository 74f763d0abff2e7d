export const handshakeNames = [
  'asana',
  'cloudevents',
  'discord',
  'dropbox',
  'event-grid',
  'graph',
  'meta',
  'monday',
  'probe',
  'slack',
  'twitch',
  'x',
  'xero',
  'zoom',
] as const;

/** How a sender's console proves, before the first delivery, that this endpoint is its user's. */
export type HandshakeName = (typeof handshakeNames)[number];
