import { unescapePercent } from './form.ts';
import { parseHeaderValue } from './media-type.ts';
import { decodeLossy } from './text.ts';

/** The headers of a part. */
export interface PartHead {
  name: string;
  /** Set for a file. */
  fileName?: string;
  /** Its Content-Type, as it was sent. */
  type?: string;
}

export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;

const maxHeadBytes = 16 * 1024;

/** The headers of the part that begins at `start`, and where they end; undefined if they have no end. */
export function readHead(
  body: Uint8Array,
  start: number,
): { told: PartHead; end: number } | undefined {
  for (let at = start; at < body.length && at - start < maxHeadBytes; ) {
    const end = lineEnd(body, at);
    if (end === body.length) return undefined;
    const isBlank = end === at || (end === at + 1 && body[at] === carriageReturn);
    // All lines together: an exception for each line would cost more than everything else.
    if (isBlank) return { told: parseHead(body.subarray(start, at)), end: end + 1 };
    at = end + 1;
  }
  return undefined;
}

/** The index of the line feed that ends the line, or the length of the body. */
export function lineEnd(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length && body[at] !== lineFeed) at++;
  return at;
}

function parseHead(bytes: Uint8Array): PartHead {
  const head: PartHead = { name: '' };
  const lines = decodeLossy(bytes, 'windows-1252')
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const field = line.slice(0, colon).trim().toLowerCase();
    if (field === 'content-type') head.type = line.slice(colon + 1).trim();
    if (field !== 'content-disposition') continue;
    const { parameters } = parseHeaderValue(line.slice(colon + 1));
    head.name = unescapeName(parameters.get('name') ?? '');
    const fileName = fileNameOf(parameters);
    if (fileName !== undefined) head.fileName = fileName;
  }
  return head;
}

function fileNameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  // RFC 8187: UTF-8'en'na%C3%AFve.txt
  const extended = parameters.get('filename*')?.split("'");
  const [charset, , ...encoded] = extended ?? [];
  if (encoded.length > 0) return unescapePercent(encoded.join("'"), charset);
  const name = parameters.get('filename');
  return name === undefined ? undefined : unescapeName(name);
}

/** https://html.spec.whatwg.org/#multipart-form-data: characters that would break the header are escaped. */
function unescapeName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replaceAll('%22', '"').replaceAll(/%0d/gi, '\r').replaceAll(/%0a/gi, '\n');
}
