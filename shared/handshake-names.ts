export const handshakeNames = [
  'asana',
  'discord',
  'dropbox',
  'graph',
  'meta',
  'monday',
  'slack',
  'twitch',
  'x',
  'xero',
  'zoom',
] as const;

/** How a sender's console proves, before the first delivery, that this endpoint is its user's. */
export type HandshakeName = (typeof handshakeNames)[number];
