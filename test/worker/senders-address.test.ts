import { expect, test } from 'vitest';
import { openEdge, purchase, shop, signed } from '../beds/workerd/edge.ts';

// Only Cloudflare's header shows the sender's address: the sender can forge all others.

const claims = [
  'x-forwarded-for',
  'x-real-ip',
  'true-client-ip',
  'forwarded',
  'x-client-ip',
  'x-cluster-client-ip',
  'fastly-client-ip',
  'cf-pseudo-ipv4',
];

function openAllowing(...allowedAddresses: string[]) {
  return openEdge({ streams: { shop: { ...shop, allowedAddresses } } });
}

async function statusFrom(edge: ReturnType<typeof openEdge>, headers: Record<string, string>) {
  const init = await signed(purchase);
  const all = { ...(init.headers as Record<string, string>), ...headers };
  return (await edge.send('/shop', { ...init, headers: all })).status;
}

test.each(claims)('%s does not make an address an allowed one', async (name) => {
  const edge = openAllowing('192.0.2.0/24');
  const claimed = name === 'forwarded' ? 'for=192.0.2.1' : '192.0.2.1';
  const other = '203.0.113.1';
  expect(await statusFrom(edge, { [name]: claimed })).toBe(403);
  expect(await statusFrom(edge, { [name]: claimed, 'cf-connecting-ip': other })).toBe(403);
  // And it does not make an allowed address another one.
  const claimsOther = { [name]: other, 'cf-connecting-ip': '192.0.2.1' };
  expect(await statusFrom(edge, claimsOther)).toBe(204);
  expect(await edge.tries()).toHaveLength(1);
});

test('failed tries are counted by the address in the header of Cloudflare, and by no other', async () => {
  const keys: string[] = [];
  const limit = async ({ key }: { key: string }) => {
    keys.push(key);
    return { success: true };
  };
  const edge = openEdge({ env: { FAILED_TRIES: { limit } } });
  for (const [at, name] of claims.entries()) {
    const claimed = { [name]: `203.0.113.${at}` };
    await edge.send('/crm/wrong', { headers: { ...claimed, 'cf-connecting-ip': '192.0.2.1' } });
  }
  expect(keys).toHaveLength(claims.length);
  expect(new Set(keys).size).toBe(1);
  keys.length = 0;
  for (const name of claims) await edge.send('/crm/wrong', { headers: { [name]: '203.0.113.1' } });
  expect(keys).toEqual([]);
});

test.each([
  ['192.0.2.7/32', '192.0.2.7', '192.0.2.6'],
  ['192.0.2.7', '192.0.2.7', '192.0.2.6'],
  ['192.0.2.6/31', '192.0.2.7', '192.0.2.8'],
  ['2001:db8::7/128', '2001:db8::7', '2001:db8::6'],
  ['2001:db8::7', '2001:db8::7', '2001:db8::6'],
  ['2001:db8::6/127', '2001:db8::7', '2001:db8::8'],
  ['::ffff:192.0.2.7/128', '192.0.2.7', '192.0.2.6'],
  ['128.0.0.0/1', '192.0.2.7', '10.0.0.1'],
])('%s admits %s and not %s', async (block, inside, outside) => {
  const edge = openAllowing(block);
  expect(await statusFrom(edge, { 'cf-connecting-ip': inside })).toBe(204);
  expect(await statusFrom(edge, { 'cf-connecting-ip': outside })).toBe(403);
});

test('every block of a list counts, whatever its length and place', async () => {
  const blocks = ['192.0.2.7/32', '198.51.100.0/24', '2001:db8::7/128'];
  for (const order of [blocks, blocks.toReversed()]) {
    const edge = openAllowing(...order);
    for (const inside of ['192.0.2.7', '198.51.100.9', '2001:db8::7']) {
      expect(await statusFrom(edge, { 'cf-connecting-ip': inside })).toBe(204);
    }
    expect(await statusFrom(edge, { 'cf-connecting-ip': '192.0.2.8' })).toBe(403);
  }
});
