import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { RelayError } from '../../../shared/errors.ts';

/** Steps of 16 KiB, yauzl's and zlib's own, take twice the time; each is garbage that stops the rows a little. */
const stepBytes = 512 * 1024;
const stored = 0;

/**
 * A file of an archive from its beginning. The last bytes come only when all of them were held against the
 * size and the CRC-32 of the central directory (yauzl checks no CRC-32): nobody gets the whole of a
 * damaged file. Ends as soon as there are more bytes than were declared.
 *
 * @param archiveStart where the archive's first byte is in the file
 * @throws RelayError `export.corrupt`, `export.disk`
 */
export async function* inflate(
  file: FileHandle,
  zip: ZipFile,
  entry: Entry,
  archiveStart: number,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let crc = 0;
  let last: Buffer | undefined;
  try {
    for await (const chunk of await openContent(file, zip, entry, archiveStart)) {
      bytes += chunk.length;
      if (bytes > entry.uncompressedSize) throw wrongSize(entry, `${bytes} or more`);
      crc = crc32(chunk, crc);
      if (last) yield last;
      last = chunk;
    }
    if (bytes < entry.uncompressedSize) throw wrongSize(entry, `only ${bytes}`);
    if (crc !== entry.crc32) throw new Error("its CRC-32 doesn't match its content");
  } catch (error) {
    throw damaged(entry.fileName, error as Error);
  }
  if (last) yield last;
}

/**
 * Gives back the memory of a chunk of `inflate` that nobody reads any more. Left to the collector, these buffers
 * make it clear the whole heap after every 32 MB.
 */
export function release(chunk: Buffer): void {
  const { buffer, byteOffset, length } = chunk;
  // The next chunk lies behind this one where the buffer has room.
  if (byteOffset + length === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
}

async function openContent(
  file: FileHandle,
  zip: ZipFile,
  entry: Entry,
  archiveStart: number,
): Promise<AsyncIterable<Buffer>> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const start = archiveStart + fileDataStart;
  const raw = readRange(file, start, start + entry.compressedSize);
  if (entry.compressionMethod === stored) return raw;
  // Its error is the inflater's too, and so the reader's.
  return pipeline(raw, createInflateRaw({ chunkSize: stepBytes }), () => {});
}

/** Not by yauzl's own stream: one that is left while it waits for another's read ends the process. */
async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(stepBytes, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new Error('the ZIP ends in the middle of it');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function wrongSize({ uncompressedSize }: Entry, found: string): Error {
  return new Error(`it declares ${uncompressedSize} bytes and holds ${found}`);
}

function damaged(name: string, error: NodeJS.ErrnoException): Error {
  // What the disk does says nothing about the archive.
  if (error.syscall)
    return new RelayError('export.disk', `${name} can't be read: ${error.message}`);
  return new RelayError('export.corrupt', `${name} is truncated or damaged: ${error.message}`, {
    cause: error,
  });
}
