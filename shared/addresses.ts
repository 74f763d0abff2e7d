import ipaddr from 'ipaddr.js';

/** An IPv6 address; IPv4 stands where IPv6 maps it, `::ffff:0:0/96` (RFC 4291, section 2.5.5.2). */
type Address = InstanceType<typeof ipaddr.IPv6>;

/** The addresses whose first `length` of 128 bits are those of `prefix`. */
export interface AddressBlock {
  prefix: Address;
  length: number;
}

/** `192.0.2.0/24`, `2001:db8::/32` or a single address; undefined where it is neither. */
export function parseBlock(text: string): AddressBlock | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  const prefix = parseAddress(address);
  if (prefix === undefined || rest.length > 0) return undefined;
  const width = address.includes(':') ? 128 : 32;
  if (bits === undefined) return { prefix, length: 128 };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  return { prefix, length: 128 - width + Number(bits) };
}

/** Does the address lie in any of the blocks? What is not an address lies in none. */
export function liesIn(text: string, blocks: readonly AddressBlock[]): boolean {
  const address = parseAddress(text);
  return (
    address !== undefined && blocks.some(({ prefix, length }) => address.match(prefix, length))
  );
}

/** What one sender is taken to own: an IPv4 address, or the /64 that an IPv6 address lies in. */
export function networkOf(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return (address.isIPv4MappedAddress() ? address.parts : address.parts.slice(0, 4)).join(':');
}

/**
 * Stricter than the library, which also reads octal, hexadecimal and short IPv4, and zones. The
 * deprecated `::192.0.2.1` it takes for an IPv4 address; the long form it does not.
 */
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return ipaddr.IPv4.parse(text).toIPv4MappedAddress();
  }
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(tail)) return undefined;
  const address = text.replace(/^::(?=\d+\.)/, '0:0:0:0:0:0:');
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return undefined;
  return ipaddr.IPv6.parse(address);
}
