/** An address as 128 bits; IPv4 stands where IPv6 maps it, `::ffff:0:0/96` (RFC 4291, section 2.5.5.2). */
type Address = bigint;

/** The addresses whose first `length` of 128 bits are those of `prefix`. */
export interface AddressBlock {
  prefix: Address;
  length: number;
}

const mapped = 0xffffn << 32n;

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

/** Does the address lie in any of the blocks? What is no address lies in none. */
export function liesIn(text: string, blocks: readonly AddressBlock[]): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return blocks.some(({ prefix, length }) => {
    const shift = BigInt(128 - length);
    return address >> shift === prefix >> shift;
  });
}

/** What one sender can be held to have: an IPv4 address, or the /64 that an IPv6 address lies in. */
export function networkOf(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return (address >> 32n === 0xffffn ? address : address >> 64n).toString(16);
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const low = parseIpv4(text);
    return low === undefined ? undefined : mapped | low;
  }
  return parseIpv6(text);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // No leading zeros: some read them as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

/** RFC 4291, section 2.2. */
function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0] ?? '', halves.length === 1);
  const tail = readGroups(halves[1] ?? '', true);
  if (!head || !tail) return undefined;
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  const groups = [...head, ...Array<bigint>(gap).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Groups of 16 bits; at the end of an address the last two may be written as IPv4. */
function readGroups(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    if (isEnd && at === parts.length - 1 && part.includes('.')) {
      const low = parseIpv4(part);
      if (low === undefined) return undefined;
      groups.push(low >> 16n, low & 0xffffn);
    } else {
      if (!/^[\da-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(BigInt(`0x${part}`));
    }
  }
  return groups;
}
