const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

/** How many bytes a UTF-8 byte order mark takes at the beginning: 3 or 0. */
export function markLength(bytes: Uint8Array): number {
  return byteOrderMark.every((byte, index) => bytes[index] === byte) ? byteOrderMark.length : 0;
}

/** Where the first record (RFC 4180) ends, its line break excluded; undefined while it hasn't ended. */
export function recordEnd(bytes: Uint8Array): number | undefined {
  let quoted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) quoted = !quoted;
    else if (!quoted && (byte === lineFeed || byte === carriageReturn)) return at;
  }
  return undefined;
}

/** The fields of one record. */
export function splitRecord(record: string): string[] {
  const fields: string[] = [];
  const field = /("(?:[^"]|"")*"?)?([^,]*)(,|$)/gy;
  for (;;) {
    const [, quotedPart = '', plain = '', separator] = field.exec(record) ?? [];
    fields.push(quotedPart.replace(/^"|"$/g, '').replaceAll('""', '"') + plain);
    if (separator !== ',') return fields;
  }
}

/** Is there more than line breaks? */
export function hasRecord(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte !== lineFeed && byte !== carriageReturn);
}
