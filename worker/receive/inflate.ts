import { type Coding, codingsOf, isZlib } from '../../shared/formats/coding.ts';
import { joinBytes } from '../../shared/join-bytes.ts';
import { isOutcome, type Outcome } from '../outcome.ts';
import type { Delivery } from './delivery.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const accepts = ['gzip', 'deflate'];

/**
 * How much the runtime gets at once: workerd inflates all of its input before a byte of the output is read, and
 * deflate expands data up to 1,032 times.
 */
const sliceBytes = 8 * 1024;

/**
 * The body of a POST without its Content-Encoding, for the source and the filter. Whatever the body contains, never more
 * than `maxBytes` are returned, and not much more are buffered. A body without a coding is returned as it is.
 */
export function inflate(delivery: Delivery, maxBytes: number): Bytes | Promise<Bytes | Outcome> {
  const coding = delivery.method === 'POST' ? delivery.headers.get('content-encoding') : null;
  return coding ? inflateCoded(delivery, coding, maxBytes) : delivery.body;
}

async function inflateCoded(
  { body: coded, facts }: Delivery,
  contentEncoding: string,
  maxBytes: number,
): Promise<Bytes | Outcome> {
  const body = await undoCodings(coded, contentEncoding, maxBytes);
  return isOutcome(body) ? { ...body, facts: { ...facts, ...body.facts } } : body;
}

async function undoCodings(
  coded: Bytes,
  contentEncoding: string,
  maxBytes: number,
): Promise<Bytes | Outcome> {
  const codings = codingsOf(contentEncoding);
  if (!codings) return unsupported;
  let body = coded;
  for (const coding of codings) {
    const stream = openStream(coding, body);
    if (!stream) return unsupported;
    // An empty body is not compressed data, but no fault either: the source decides whether it needs a body.
    if (body.byteLength === 0) continue;
    const inflated = await undo(body, stream, maxBytes);
    if (isOutcome(inflated)) return inflated;
    body = inflated;
  }
  return body;
}

const unsupported: Outcome = {
  outcome: 'unsupported-encoding',
  accepts,
  facts: { cause: 'coding-unsupported' },
};

/** Undefined if this runtime does not support the coding. */
function openStream(coding: Coding, body: Uint8Array): DecompressionStream | undefined {
  if (coding === 'gzip') return new DecompressionStream('gzip');
  if (coding === 'deflate') {
    return new DecompressionStream(isZlib(body) ? 'deflate' : 'deflate-raw');
  }
  try {
    return new DecompressionStream('brotli' as 'gzip');
  } catch {
    return undefined;
  }
}

async function undo(
  body: Bytes,
  stream: DecompressionStream,
  maxBytes: number,
): Promise<Bytes | Outcome> {
  const progress = { bytes: 0, isOver: false };
  // An error of the writer also reaches the reader, which reports it.
  const feeding = feed(body, stream.writable.getWriter(), progress).catch(() => {});
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joinBytes(chunks, progress.bytes);
      chunks.push(value);
      progress.bytes += value.byteLength;
      if (progress.bytes > maxBytes) {
        return { outcome: 'too-large', maxBytes, facts: { cause: 'coding-too-large' } };
      }
    }
  } catch {
    const problem = 'the body is not what its Content-Encoding says, or is cut';
    return { outcome: 'malformed', problem, facts: { cause: 'coding-broken' } };
  } finally {
    progress.isOver = true;
    await reader.cancel().catch(() => {});
    await feeding;
  }
}

/** Writes the next slice once the output of the previous one has been read. */
async function feed(
  body: Uint8Array<ArrayBuffer>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  progress: Readonly<{ bytes: number; isOver: boolean }>,
): Promise<void> {
  for (let at = 0; at < body.byteLength; at += sliceBytes) {
    if (at > 0) await untilRead(progress);
    if (progress.isOver) return;
    await writer.write(body.subarray(at, at + sliceBytes));
  }
  await writer.close();
}

async function untilRead(progress: Readonly<{ bytes: number; isOver: boolean }>): Promise<void> {
  for (let before = -1; before !== progress.bytes && !progress.isOver; ) {
    before = progress.bytes;
    await scheduler.wait(0);
  }
}
