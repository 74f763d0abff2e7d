/** A Worker that only reads the body: the cost of any delivery. */
export const noOp = `export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(null, { status: 204 });
  },
};
`;

/** A Worker that only computes DataNostro's HMAC: the least that a Worker which verifies can cost. */
export const hmacOnly = `let key;

export default {
  async fetch(request, env) {
    const body = await request.arrayBuffer();
    key ??= await crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(env.DATANOSTRO_SECRET),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    const signature = Uint8Array.fromHex(request.headers.get('x-dn-signature'));
    const holds = await crypto.subtle.verify('HMAC', key, signature, body);
    return new Response(null, { status: holds ? 204 : 401 });
  },
};
`;
