import { BigQueryError } from '../../errors.ts';

/**
 * Splits a `multipart/related` body of two parts. `head` is the text of the first part; `media` streams
 * the second part, which may have any length.
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

/** The body of the first part, and the bytes of the second part that came with it. */
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
  // Headers end with an empty line; without headers the part begins with it.
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
      // Read the epilogue too, so that the connection can be reused.
      while (!(await chunks.next()).done);
      return;
    }
    // Two chunks may share the delimiter.
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
