import type { LineEnd, ScannedRecord } from '../../../shared/delimited/record-scanner.ts';
import { RecordWriter } from '../../../shared/delimited/record-writer.ts';
import type { CsvFile } from './csv-file.ts';
import { CsvReader, type Detected } from './csv-reader.ts';

/** Which cells of a file are loaded, and the columns that they go to. */
export interface CsvLayout {
  cells: readonly number[];
  names: readonly string[];
}

export interface CanonicalOptions {
  signal?: AbortSignal | undefined;
  /** @param bytes of the file, as far as it is read */
  onProgress?: ((bytes: number) => void) | undefined;
  /** Called when all values have been read. */
  onDetected: (detected: Detected) => void;
}

/**
 * Rewrites a file in the form that BigQuery reads by default: UTF-8, commas, and the column names as the header.
 * Rows that already have this form are passed on as they are, the others are written again. Each chunk is
 * valid until the next. It ends without an error only if every record of the file is good.
 *
 * @throws RelayError `export.csv`, `export.corrupt`
 */
export async function* canonicalCsv(
  file: CsvFile,
  layout: CsvLayout,
  { signal, onProgress, onDetected }: CanonicalOptions,
): AsyncGenerator<Uint8Array> {
  const output = new CanonicalOutput(layout, file.names.length);
  const reader = new CsvReader(file, file.settings, (record) => {
    output.add(record, reader.isCanonical, reader.lineEnd);
  });
  let bytes = 0;
  for await (const chunk of reader.read()) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    onProgress?.(bytes);
    yield* output.take();
  }
  yield* output.take();
  onDetected(reader.detected);
}

class CanonicalOutput {
  readonly #layout: CsvLayout;
  /** All cells are loaded, so that the bytes of a row may be passed on as they are. */
  readonly #isWhole: boolean;
  #writer: RecordWriter | undefined;
  #lineEnd: Uint8Array = new Uint8Array(0);
  readonly #chunks: Uint8Array[] = [];
  /** A run of rows whose bytes are passed on as they are: the buffer, and the run's start and end in it. */
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  constructor(layout: CsvLayout, width: number) {
    this.#layout = layout;
    this.#isWhole = layout.cells.length === width;
  }

  add(record: ScannedRecord, isCanonical: boolean, lineEnd: LineEnd): void {
    const writer = this.#writer ?? this.#begin(lineEnd);
    if (!this.#isWhole || !isCanonical) {
      this.#endRun();
      writer.write(record, this.#layout.cells);
      return;
    }
    if (this.#end !== 0 && record.bytes !== this.#bytes) this.#endRun();
    if (this.#end === 0) {
      this.#bytes = record.bytes;
      this.#start = record.start;
    }
    this.#end = record.end;
  }

  /** What was added since the last call, as views that are valid until the next chunk is read. */
  take(): Uint8Array[] {
    this.#endRun();
    this.#takeWritten();
    return this.#chunks.splice(0);
  }

  /** The header is written with the first row, because only then the line end is known. */
  #begin(lineEnd: LineEnd): RecordWriter {
    const writer = new RecordWriter(lineEnd);
    writer.header(this.#layout.names);
    this.#writer = writer;
    this.#lineEnd = new TextEncoder().encode(lineEnd);
    return writer;
  }

  #endRun(): void {
    if (this.#end === 0) return;
    this.#takeWritten();
    this.#chunks.push(this.#bytes.subarray(this.#start, this.#end), this.#lineEnd);
    this.#end = 0;
  }

  #takeWritten(): void {
    if (this.#writer && this.#writer.length > 0) this.#chunks.push(this.#writer.take());
  }
}
