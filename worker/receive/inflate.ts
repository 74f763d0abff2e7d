import { type Coding, codingsOf, isZlib } from '../../shared/formats/coding.ts';
import { joinBytes } from '../../shared/join-bytes.ts';

export type Inflation =
  | { ok: true; body: Uint8Array<ArrayBuffer> }
  | { ok: false; cause: 'unsupported' | 'too-large' | 'broken' };

/**
 * How much is handed to the runtime at once: workerd inflates all that it is given before a byte of it is read,
 * and deflate data grow by 1,032 times at most.
 */
const sliceBytes = 8 * 1024;

/**
 * Undoes a request's Content-Encoding. Never more than `cap` bytes come of it, nor much more on the way, whatever
 * the body holds.
 */
export async function inflate(
  body: Uint8Array<ArrayBuffer>,
  contentEncoding: string,
  cap: number,
): Promise<Inflation> {
  const codings = codingsOf(contentEncoding);
  if (!codings) return { ok: false, cause: 'unsupported' };
  let inflation: Inflation = { ok: true, body };
  for (const coding of codings) {
    if (!inflation.ok) return inflation;
    const stream = openStream(coding, inflation.body);
    if (!stream) return { ok: false, cause: 'unsupported' };
    // Nothing is no compressed data, but no fault either: the source says whether it needs a body.
    if (inflation.body.byteLength > 0) inflation = await undo(inflation.body, stream, cap);
  }
  return inflation;
}

/** Undefined where this runtime can't undo it. */
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
  body: Uint8Array<ArrayBuffer>,
  stream: DecompressionStream,
  cap: number,
): Promise<Inflation> {
  const progress = { bytes: 0, isOver: false };
  // Whatever ends it ends the reading too, which tells.
  const feeding = feed(body, stream.writable.getWriter(), progress).catch(() => {});
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { ok: true, body: joinBytes(chunks, progress.bytes) };
      chunks.push(value);
      progress.bytes += value.byteLength;
      if (progress.bytes > cap) return { ok: false, cause: 'too-large' };
    }
  } catch {
    return { ok: false, cause: 'broken' };
  } finally {
    progress.isOver = true;
    await reader.cancel().catch(() => {});
    await feeding;
  }
}

/** Hands over a slice when what came of the one before has been read. */
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
