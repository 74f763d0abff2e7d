/**
 * The eight groups of an IPv6 address; IPv4 stands where IPv6 maps it, `::ffff:0:0/96` (RFC 4291, section 2.5.5.2).
 */
type Address = readonly number[];

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
  return address !== undefined && blocks.some((block) => holds(block, address));
}

function holds({ prefix, length }: AddressBlock, address: Address): boolean {
  return prefix.every((group, at) => {
    const ignored = Math.min(Math.max(16 * (at + 1) - length, 0), 16);
    return group >> ignored === (address[at] ?? 0) >> ignored;
  });
}

/** What one sender is taken to own: an IPv4 address, or the /64 that an IPv6 address lies in. */
export function networkOf(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return (isMapped(address) ? address : address.slice(0, 4)).join(':');
}

function isMapped(address: Address): boolean {
  return address[5] === 0xffff && address.slice(0, 5).every((group) => group === 0);
}

const fourParts = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Strict: octal, hexadecimal and short IPv4, and zones of IPv6, are other addresses to other programs. */
function parseAddress(text: string): Address | undefined {
  if (fourParts.test(text)) return parseIpv6(`::ffff:${text}`);
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.') && !fourParts.test(tail)) return undefined;
  return /^[\da-f:.]+$/i.test(text) && text.includes(':') ? parseIpv6(text) : undefined;
}

/** The URL parser of the runtime reads it, and writes it in one form: lower case, the longest zeros as `::`. */
function parseIpv6(text: string): Address | undefined {
  const url = `http://[${text}]`;
  if (!URL.canParse(url)) return undefined;
  const [before = '', after] = new URL(url).hostname.slice(1, -1).split('::');
  const head = groupsOf(before);
  const tail = groupsOf(after ?? '');
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
