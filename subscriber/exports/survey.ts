import { crc32 } from 'node:zlib';
import type { ArchivedFile } from './archive.ts';
import { hasRecord, markLength, recordEnd, splitRecord } from './csv-header.ts';
import { refuse } from './failure.ts';

/** A CSV that was found whole, and what its loading depends on. */
export interface SurveyedFile extends ArchivedFile {
  /** The names of its header; none in an empty file. */
  columns: string[];
  /** Is there a record below the header? */
  hasRows: boolean;
  /** Bytes of a byte order mark, which would become part of the first column's name: 3 or 0. */
  markBytes: number;
}

const maxHeaderBytes = 1024 * 1024;

/**
 * Inflates a CSV once, in constant memory, and checks it against its CRC-32 (yauzl doesn't): a damaged
 * archive is refused before any of its files is loaded.
 *
 * @param onBytes told of each piece that was inflated; what it throws ends the survey
 * @throws RelayError `export.corrupt`, `export.header`
 */
export async function survey(
  file: ArchivedFile,
  onBytes: (bytes: number) => void = () => {},
): Promise<SurveyedFile> {
  const header = new Header(file.name);
  let crc = 0;
  for await (const chunk of soundly(file)) {
    crc = crc32(chunk, crc);
    header.take(chunk);
    onBytes(chunk.length);
  }
  if (crc !== file.crc32) {
    throw damaged(file.name, new Error("its CRC-32 doesn't match its content"));
  }
  return { ...file, ...header.read() };
}

async function* soundly(file: ArchivedFile): AsyncGenerator<Buffer> {
  try {
    yield* file.open();
  } catch (error) {
    throw damaged(file.name, error as Error);
  }
}

function damaged(name: string, error: NodeJS.ErrnoException): Error {
  // What the disk does says nothing about the archive.
  if (error.syscall) return error;
  return refuse('corrupt', `${name} is truncated or damaged: ${error.message}`, { cause: error });
}

/** Reads the first record of a file that comes in pieces, and whether anything follows. */
class Header {
  readonly #name: string;
  #head: Buffer = Buffer.alloc(0);
  #end: number | undefined;
  #hasRows = false;

  constructor(name: string) {
    this.#name = name;
  }

  take(chunk: Buffer): void {
    if (this.#end !== undefined) {
      this.#hasRows ||= hasRecord(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    this.#end = recordEnd(this.#head);
    if (this.#end !== undefined) this.#hasRows = hasRecord(this.#head.subarray(this.#end));
    else if (this.#head.length > maxHeaderBytes) {
      throw refuse('header', `${this.#name} has no end of its header in ${maxHeaderBytes} bytes`);
    }
  }

  read(): Pick<SurveyedFile, 'columns' | 'hasRows' | 'markBytes'> {
    const markBytes = markLength(this.#head);
    const record = this.#head.toString('utf8', markBytes, this.#end ?? this.#head.length);
    return { columns: record ? splitRecord(record) : [], hasRows: this.#hasRows, markBytes };
  }
}
