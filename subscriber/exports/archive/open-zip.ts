import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fromRandomAccessReader, RandomAccessReader, type ZipFile } from 'yauzl';

/** Where an archive is in its file, which may have other bytes before and behind it. */
interface ZipWindow {
  /** Offset of its first byte, from which offsets in the archive count. */
  start: number;
  /** Behind its end record, without the comment. */
  end: number;
}

/** Section 4.3 of APPNOTE.TXT: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const endRecord = { signature: 0x06054b50, bytes: 22, size: 12, offset: 16, comment: 20 };
const zip64Record = { signature: 0x06064b50, bytes: 56, size: 40, offset: 48 };
const zip64Locator = { signature: 0x07064b50, bytes: 20 };
const directorySignature = 0x02014b50;
/** A comment takes up to 64 KiB, but Info-ZIP also searches further for the end record. */
const searchedBytes = 1024 * 1024;

const openReader = promisify<RandomAccessReader, number, object, ZipFile>(fromRandomAccessReader);

/**
 * Opens an archive like Info-ZIP and Python: searches for the end record in the last 1 MiB, ignores bytes behind
 * it, and accepts offsets that count from the archive's first byte, wherever that is.
 *
 * @returns the archive, and the offset of its first byte
 */
export async function openZip(
  file: FileHandle,
  bytes: number,
): Promise<{ zip: ZipFile; start: number }> {
  // Without a window the reader reports what is missing.
  const window = (await findWindow(file, bytes)) ?? { start: 0, end: bytes };
  const reader = new WindowReader(file, window);
  const options = { autoClose: false, lazyEntries: true };
  const zip = await openReader(reader, window.end - window.start, options);
  return { zip, start: window.start };
}

async function findWindow(file: FileHandle, bytes: number): Promise<ZipWindow | undefined> {
  const from = Math.max(0, bytes - searchedBytes);
  const tail = await readFully(file, from, bytes - from);
  for (let at = tail.length - endRecord.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endRecord.signature) continue;
    const start = await startOf(file, from + at, tail.subarray(at));
    if (start !== undefined) return { start, end: from + at + endRecord.bytes };
  }
  return undefined;
}

/** Where the archive of an end record begins; undefined if it is not an end record. */
async function startOf(file: FileHandle, at: number, record: Buffer): Promise<number | undefined> {
  const zip64 = await readZip64(file, at);
  const end = zip64 ? at - zip64Locator.bytes - zip64Record.bytes : at;
  const size = zip64?.size ?? record.readUInt32LE(endRecord.size);
  const offset = zip64?.offset ?? record.readUInt32LE(endRecord.offset);
  const before = end - size - offset;
  if (before < 0) return undefined;
  if (size === 0) return before;
  // Some programs that put bytes before an archive adjust its offsets.
  for (const start of [0, before]) {
    const first = await readFully(file, start + offset, 4);
    if (first.readUInt32LE(0) === directorySignature) return start;
  }
  return undefined;
}

async function readZip64(file: FileHandle, at: number) {
  const start = at - zip64Locator.bytes - zip64Record.bytes;
  if (start < 0) return undefined;
  const found = await readFully(file, start, zip64Record.bytes + zip64Locator.bytes);
  const isZip64 =
    found.readUInt32LE(0) === zip64Record.signature &&
    found.readUInt32LE(zip64Record.bytes) === zip64Locator.signature;
  if (!isZip64) return undefined;
  const size = Number(found.readBigUInt64LE(zip64Record.size));
  const offset = Number(found.readBigUInt64LE(zip64Record.offset));
  return { size, offset };
}

/** Reads an archive as if nothing were before or behind it. */
class WindowReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #window: ZipWindow;

  constructor(file: FileHandle, window: ZipWindow) {
    super();
    this.#file = file;
    this.#window = window;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const { start, end } = this.#window;
    readFully(this.#file, start + position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        // The comment is outside the window, so its length becomes 0.
        const comment = end - start - endRecord.bytes + endRecord.comment - position;
        if (isEndRecord(buffer, offset + comment - endRecord.comment)) {
          buffer.writeUInt16LE(0, offset + comment);
        }
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }
}

function isEndRecord(buffer: Buffer, at: number): boolean {
  if (at < 0 || at + endRecord.bytes > buffer.length) return false;
  return buffer.readUInt32LE(at) === endRecord.signature;
}

async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, at, length - at, position + at);
    if (bytesRead === 0) throw new Error('it ends in the middle of a record');
    at += bytesRead;
  }
  return buffer;
}
