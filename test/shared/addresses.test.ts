import { expect, test } from 'vitest';
import { type AddressBlock, liesIn, networkOf, parseBlock } from '../../shared/addresses.ts';

test.each([
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.128/25', '192.0.2.127', false],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['192.0.2.7/32', '192.0.2.6', false],
  ['192.0.2.6/31', '192.0.2.7', true],
  ['192.0.2.6/31', '192.0.2.8', false],
  ['2001:db8::1/128', '2001:db8::1', true],
  ['2001:db8::1/128', '2001:db8::', false],
  ['2001:db8::2/127', '2001:db8::3', true],
  ['2001:db8::2/127', '2001:db8::4', false],
  // Bits beyond the prefix count for nothing.
  ['192.0.2.77/24', '192.0.2.1', true],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '203.0.113.9', true],
  ['192.0.2.0/24', '::ffff:192.0.2.9', true],
  ['192.0.2.0/24', '::ffff:c000:209', true],
  ['::ffff:192.0.2.0/120', '192.0.2.9', true],
  ['2001:db8::/32', '2001:0DB8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::', false],
  ['2001:db8::/33', '2001:db8:8000::', false],
  ['2001:db8::1', '2001:db8:0:0:0:0:0:1', true],
  ['2001:db8::1', '2001:db8::2', false],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4:5:6:c000:207', true],
  ['192.0.2.0/24', '::192.0.2.7', false],
  ['::192.0.2.7', '::c000:207', true],
])('%s and %s: %s', (block, address, lies) => {
  const parsed = parseBlock(block);
  expect(parsed && liesIn(address, [parsed])).toBe(lies);
});

const everything = parseBlock('::/0') as AddressBlock;

test.each([
  '',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.01',
  '192.0.2.0/33',
  '192.0.2.0/',
  '192.0.2.0/24/1',
  '192.0.2.0/-1',
  '2001:db8::/129',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4::5:6:7:8',
  '12345::',
  '::g',
  ':',
  ':::',
  '1.2.3.4::',
  '::1%eth0',
  '0xc0.0.2.7',
  '3221226000',
  '::ffff:192.0.2.07',
  '::ffff:0xc0.0.2.7',
  '::ffff:192.0.2',
  ' 192.0.2.7',
])('%j is neither a block nor an address', (text) => {
  expect(parseBlock(text)).toBeUndefined();
  expect(liesIn(text, [everything])).toBe(false);
});

test('an address lies in one of several blocks, and in none of an empty list', () => {
  const blocks = ['10.0.0.0/8', '2001:db8::/32'].flatMap((text) => parseBlock(text) ?? []);
  expect(liesIn('10.1.2.3', blocks)).toBe(true);
  expect(liesIn('11.1.2.3', blocks)).toBe(false);
  expect(liesIn('10.1.2.3', [])).toBe(false);
});

test('a network is one IPv4 address, or a /64 of IPv6', () => {
  expect(networkOf('192.0.2.1')).toBe(networkOf('::ffff:192.0.2.1'));
  expect(networkOf('192.0.2.1')).not.toBe(networkOf('192.0.2.2'));
  expect(networkOf('2001:db8::1')).toBe(networkOf('2001:db8::ffff:0:0:2'));
  expect(networkOf('2001:db8::1')).not.toBe(networkOf('2001:db8:0:1::1'));
  expect(networkOf('nobody')).toBeUndefined();
});
