import { isIPv4, isIPv6 } from 'node:net';
import { define, type RuntimeFunction } from '../define.ts';

/** Four or sixteen bytes, or undefined. */
function parseIp(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const words = (part: string) => part.split(':').filter((word) => word !== '');
  const [first, last] = [words(head), words(tail ?? '')];
  const filling = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array.from({ length: filling }, () => '0'), ...last];
  return Uint8Array.from(
    all.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]),
  );
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16)
    throw new Error(`NET.IP_TO_STRING needs 4 or 16 bytes, not ${bytes.length}`);
  const words = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (words[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return `::ffff:${bytes.slice(12).join('.')}`;
  }
  const spelt = words.map((word) => word.toString(16));
  if (best.start < 0) return spelt.join(':');
  return `${spelt.slice(0, best.start).join(':')}::${spelt.slice(best.start + best.length).join(':')}`;
}

function mask(size: bigint, prefix: bigint): Uint8Array {
  if (size !== 4n && size !== 16n) throw new Error('The output length must be either 4 or 16');
  if (prefix < 0n || prefix > size * 8n) throw new Error('The prefix length is out of range');
  return Uint8Array.from({ length: Number(size) }, (_, index) => {
    const bits = Math.min(Math.max(Number(prefix) - index * 8, 0), 8);
    return (0xff << (8 - bits)) & 0xff;
  });
}

/** The host of a URL, without user, port and brackets; undefined if there is none. */
function hostOf(url: string): string | undefined {
  const trimmed = url.trim();
  const match =
    /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/([^/?#]*)/.exec(trimmed) ??
    /^([^/?#:@\s]*)(?=[/?#:]|$)/.exec(trimmed);
  const authority = match?.[1];
  if (authority === undefined || authority === '') return undefined;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const bare = host.startsWith('[')
    ? host.slice(0, host.indexOf(']') + 1)
    : host.replace(/:[^:]*$/, '');
  return bare === '' ? undefined : bare;
}

/** Second-level domains under which names are registered. The whole list of public suffixes is not here. */
const TWO_LEVELS = /^(?:com|co|net|org|edu|gov|ac|ne|or|go|mil|sch|ltd|plc|me|nom)$/;

function suffixOf(host: string): string | undefined {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.');
  if (isIPv4(host) || labels.some((label) => label === '')) return undefined;
  const top = labels.at(-1) ?? '';
  const second = labels.at(-2);
  if (labels.length === 1) return /^[a-z]{2,}$/.test(top) ? top : undefined;
  if (top.length === 2 && second !== undefined && TWO_LEVELS.test(second))
    return `${second}.${top}`;
  return top;
}

export const netFunctions: RuntimeFunction[] = [
  define('net_host', ['string'], 'string', (url) => hostOf(url) ?? null),
  define('net_public_suffix', ['string'], 'string', (url) => {
    const host = hostOf(url);
    return (host && suffixOf(host)) ?? null;
  }),
  define('net_reg_domain', ['string'], 'string', (url) => {
    const host = hostOf(url)?.toLowerCase();
    const suffix = host && suffixOf(host);
    if (host === undefined || !suffix || host.length <= suffix.length) return null;
    const own = host
      .slice(0, -suffix.length - 1)
      .split('.')
      .at(-1);
    return own ? `${own}.${suffix}` : null;
  }),
  define('net_ip_from_string', ['string'], 'bytes', (text) => {
    const bytes = parseIp(text);
    if (bytes === undefined) throw new Error(`Invalid IP address: ${text}`);
    return bytes;
  }),
  define('net_safe_ip_from_string', ['string'], 'bytes', (text) => parseIp(text) ?? null),
  define('net_ip_to_string', ['bytes'], 'string', ipText),
  define('net_ip_net_mask', ['int', 'int'], 'bytes', mask),
  define('net_ip_trunc', ['bytes', 'int'], 'bytes', (bytes, prefix) => {
    const bits = mask(BigInt(bytes.length), prefix);
    return bytes.map((byte, index) => byte & (bits[index] ?? 0));
  }),
  define('net_ipv4_from_int64', ['int'], 'bytes', (value) => {
    if (value < -0x80000000n || value > 0xffffffffn)
      throw new Error(`NET.IPV4_FROM_INT64 is out of range: ${value}`);
    const unsigned = Number(BigInt.asUintN(32, value));
    return Uint8Array.from([24, 16, 8, 0].map((shift) => (unsigned >>> shift) & 255));
  }),
  define('net_ipv4_to_int64', ['bytes'], 'int', (bytes) => {
    if (bytes.length !== 4) throw new Error('NET.IPV4_TO_INT64 needs 4 bytes');
    return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }),
];
