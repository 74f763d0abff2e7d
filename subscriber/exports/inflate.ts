import { pipeline, type Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';

// yauzl inflates in steps of 16 KiB, which takes twice the time.
const stepBytes = 256 * 1024;
const stored = 0;

/**
 * A file of an archive from its beginning. Ends with an error as soon as there are more bytes than the
 * central directory declares, and when there are fewer.
 */
export async function* inflate(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of await openContent(zip, entry)) {
    bytes += chunk.length;
    if (bytes > entry.uncompressedSize) throw wrongSize(entry, `${bytes} or more`);
    yield chunk;
  }
  if (bytes < entry.uncompressedSize) throw wrongSize(entry, `only ${bytes}`);
}

async function openContent(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  const raw: Readable = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  if (entry.compressionMethod === stored) return raw;
  // Its error is the inflater's too, and so the reader's.
  return pipeline(raw, createInflateRaw({ chunkSize: stepBytes }), () => {});
}

function wrongSize({ uncompressedSize }: Entry, found: string): Error {
  return new Error(`it declares ${uncompressedSize} bytes and holds ${found}`);
}
