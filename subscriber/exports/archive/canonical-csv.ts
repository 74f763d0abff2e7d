import type { LineEnd, ScannedRecord } from '../../../shared/delimited/record-scanner.ts';
import { RecordWriter } from '../../../shared/delimited/record-writer.ts';
import type { CsvFile } from './csv-file.ts';
import { CsvReading, type Detected } from './csv-reader.ts';

/** Which cells of a file are loaded, and the columns that they go to. */
export interface CsvLayout {
  cells: readonly number[];
  names: readonly string[];
}

export interface CanonicalOptions {
  signal?: AbortSignal | undefined;
  /** Told how many bytes of the file are read. */
  onProgress?: ((bytes: number) => void) | undefined;
  /** Told of the types of all values, when all are read. */
  onDetected: (detected: Detected) => void;
}

/**
 * A file as BigQuery reads it without being told anything: UTF-8, commas, the columns' own names above. The
 * bytes of rows that are so already are given as they come, others are written anew; they hold until the next
 * are asked for. Ends only where every record of the file is sound.
 *
 * @throws RelayError `export.csv`, `export.corrupt`
 */
export async function* canonicalCsv(
  file: CsvFile,
  layout: CsvLayout,
  { signal, onProgress, onDetected }: CanonicalOptions,
): AsyncGenerator<Uint8Array> {
  const output = new CanonicalOutput(layout, file.names.length);
  const reading = new CsvReading(file, file.settings, (record) => {
    output.add(record, reading.isCanonical, reading.lineEnd);
  });
  let bytes = 0;
  for await (const chunk of reading.read()) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    onProgress?.(bytes);
    yield* output.take();
  }
  yield* output.take();
  onDetected(reading.detected);
}

class CanonicalOutput {
  readonly #layout: CsvLayout;
  /** All cells are loaded: the bytes of a row may be given as they are. */
  readonly #isWhole: boolean;
  #writer: RecordWriter | undefined;
  #lineEnd: Uint8Array = new Uint8Array(0);
  readonly #chunks: Uint8Array[] = [];
  /** Rows behind one another whose bytes are given as they are: in which bytes, from where to where. */
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

  /** What was added since, as views that hold until the next chunk is read. */
  take(): Uint8Array[] {
    this.#endRun();
    this.#takeWritten();
    return this.#chunks.splice(0);
  }

  /** The header comes with the first row: only then it is known what ends the lines. */
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
