import { BigQueryError } from '../errors.ts';

/**
 * Splits a `multipart/related` body of two parts, the second of any length: `head` is the first
 * part's text, and the media flows through as it comes.
 * https://developers.google.com/identity/protocols/googleapis/multipart-uploads
 */
export async function splitMultipart(
  contentType: string,
  body: AsyncIterable<Buffer>,
): Promise<{ head: string; media: AsyncGenerator<Buffer> }> {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw malformed('the content type names no boundary');
  const iterator = body[Symbol.asyncIterator]();
  const head = await readHead(iterator, `--${boundary}`);
  return { head: head.text, media: readMedia(iterator, head.rest, `\r\n--${boundary}`) };
}

type Chunks = AsyncIterator<Buffer>;

/** The first part's body, and what has come of the second one's. */
async function readHead(
  chunks: Chunks,
  delimiter: string,
): Promise<{ text: string; rest: Buffer }> {
  let seen: Buffer = Buffer.alloc(0);
  for (;;) {
    const parts = headParts(seen, delimiter);
    if (parts !== undefined) return parts;
    if (seen.length > 1024 * 1024) throw malformed('the first part is too large');
    const { done, value } = await chunks.next();
    if (done) throw malformed('it ends before its second part');
    seen = Buffer.concat([seen, value]);
  }
}

function headParts(seen: Buffer, delimiter: string): { text: string; rest: Buffer } | undefined {
  const first = seen.indexOf(delimiter);
  const second = first === -1 ? -1 : seen.indexOf(delimiter, first + delimiter.length);
  if (second === -1) return undefined;
  const media = seen.indexOf('\r\n\r\n', second);
  // A part without headers starts with an empty line.
  if (media === -1) return undefined;
  const part = seen.subarray(first + delimiter.length, second).toString('utf8');
  const body = part.indexOf('\r\n\r\n');
  if (body === -1) throw malformed('its first part has no body');
  return { text: part.slice(body + 4), rest: seen.subarray(media + 4) };
}

async function* readMedia(chunks: Chunks, rest: Buffer, delimiter: string): AsyncGenerator<Buffer> {
  let held: Buffer = rest;
  for (;;) {
    const end = held.indexOf(delimiter);
    if (end !== -1) {
      yield held.subarray(0, end);
      // The epilogue is read, so that the connection can be used again.
      while (!(await chunks.next()).done);
      return;
    }
    // The delimiter may be cut in two by the chunks.
    const safe = Math.max(held.length - delimiter.length, 0);
    if (safe > 0) yield held.subarray(0, safe);
    const { done, value } = await chunks.next();
    if (done) throw malformed('it ends before its closing boundary');
    held = Buffer.concat([held.subarray(safe), value]);
  }
}

function malformed(reason: string): BigQueryError {
  return new BigQueryError('badRequest', `Malformed multipart body: ${reason}`);
}
