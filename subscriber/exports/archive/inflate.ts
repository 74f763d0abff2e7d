import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { RelayError } from '../../../shared/errors.ts';

/** With the 16 KiB of yauzl and zlib it takes twice as long, and the garbage collector stops the rows more often. */
const chunkBytes = 512 * 1024;
const storedMethod = 0;

/**
 * Inflates a file of an archive. The last chunk comes only after size and CRC-32 match the central directory
 * (yauzl checks no CRC-32), so nobody gets all of a damaged file. It fails as soon as there are more bytes
 * than declared.
 *
 * @param archiveStart offset of the archive's first byte in the file
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
 * Frees the memory of a chunk of `inflate` that nobody reads any more. If it were left to the garbage collector,
 * these buffers would cause a full collection every 32 MB.
 */
export function release(chunk: Buffer): void {
  const { buffer, byteOffset, length } = chunk;
  // If the buffer has room behind this chunk, the next chunk is in it.
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
  if (entry.compressionMethod === storedMethod) return raw;
  // An error of `raw` reaches the reader through the inflater.
  return pipeline(raw, createInflateRaw({ chunkSize: chunkBytes }), () => {});
}

/** Replaces yauzl's own stream, which ends the process when its reader leaves it during another one's read. */
async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new Error('the ZIP ends in the middle of it');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function wrongSize({ uncompressedSize }: Entry, found: string): Error {
  return new Error(`it declares ${uncompressedSize} bytes and contains ${found}`);
}

function damaged(name: string, error: NodeJS.ErrnoException): Error {
  // An error of the disk says nothing about the archive.
  if (error.syscall)
    return new RelayError('export.disk', `${name} can't be read: ${error.message}`);
  return new RelayError('export.corrupt', `${name} is truncated or damaged: ${error.message}`, {
    cause: error,
  });
}
