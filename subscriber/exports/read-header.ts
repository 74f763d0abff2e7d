import type { ArchivedFile } from './archive.ts';
import { hasRecord, markLength, recordEnd, splitRecord } from './csv-header.ts';
import { refuse } from './failure.ts';

/** A CSV of an archive, and what its loading depends on. */
export interface CsvFile extends ArchivedFile {
  /** The names of its header; none in an empty file. */
  columns: string[];
  /** Is there a record below the header? */
  hasRows: boolean;
  /** Bytes of a byte order mark, which would become part of the first column's name: 3 or 0. */
  markBytes: number;
}

const maxHeaderBytes = 1024 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Reads the first record of a CSV, and whether anything follows; inflates no more of it than that takes.
 *
 * @throws RelayError `export.corrupt`, `export.header`
 */
export async function readHeader(file: ArchivedFile): Promise<CsvFile> {
  let head: Buffer = nothing;
  let end: number | undefined;
  let hasRows = false;
  for await (const chunk of file.open()) {
    let below: Buffer = chunk;
    if (end === undefined) {
      head = Buffer.concat([head, chunk]);
      end = recordEnd(head);
      below = end === undefined ? nothing : head.subarray(end);
      if (end === undefined && head.length > maxHeaderBytes) throw endless(file.name);
    }
    hasRows = hasRecord(below);
    if (hasRows) break;
  }
  const markBytes = markLength(head);
  const record = head.toString('utf8', markBytes, end ?? head.length);
  return { ...file, columns: record ? splitRecord(record) : [], hasRows, markBytes };
}

function endless(name: string): Error {
  return refuse('header', `${name} has no end of its header in ${maxHeaderBytes} bytes`);
}
