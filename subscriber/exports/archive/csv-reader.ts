import { isUtf8 } from 'node:buffer';
import type { ExportSettings } from '../../../shared/config/export-settings.ts';
import { TypeDetector, type TypeSet } from '../../../shared/delimited/column-types.ts';
import type { Delimiter } from '../../../shared/delimited/dialect.ts';
import { DelimitedReader } from '../../../shared/delimited/reader.ts';
import type { LineEnd, ScannedRecord } from '../../../shared/delimited/record-scanner.ts';
import { RelayError } from '../../../shared/errors.ts';
import { release } from './inflate.ts';
import type { ArchivedFile } from './zip-archive.ts';

/** The stream's settings for its files. What isn't set is detected. */
export interface CsvSettings {
  encoding?: ExportSettings['encoding'] | undefined;
  delimiter?: ExportSettings['delimiter'] | undefined;
}

/** What the values of a file show of its columns, by the cells of its header. */
export interface Detected {
  types: readonly TypeSet[];
  hasValue: readonly boolean[];
}

/** @param record is reused for the next row */
export type RowHandler = (record: ScannedRecord) => void;

const delimiterNames: Readonly<Record<Delimiter, string>> = {
  ',': 'a comma',
  ';': 'a semicolon',
  '\t': 'a tab',
  '|': 'a pipe',
};

/** Reads a CSV of an archive once: its header, its rows, and the types of their values. */
export class CsvReader {
  readonly #file: Pick<ArchivedFile, 'name' | 'open'>;
  readonly #reader: DelimitedReader;
  #header: readonly string[] = [];
  #detector = new TypeDetector(0);
  #hasRows = false;
  #problem: Error | undefined;

  constructor(
    file: Pick<ArchivedFile, 'name' | 'open'>,
    { encoding, delimiter }: CsvSettings,
    onRow: RowHandler = () => {},
  ) {
    this.#file = file;
    this.#reader = new DelimitedReader(
      { encoding, delimiter, isUtf8 },
      {
        header: (cells) => {
          this.#header = cells;
          this.#detector = new TypeDetector(cells.length);
        },
        row: (record) => {
          this.#hasRows = true;
          this.#detector.add(record);
          onRow(record);
        },
        bad: ({ line, problem }) => {
          this.#problem ??= this.#failure(`line ${line}: ${problem}${this.#delimiterHint}`);
        },
      },
    );
  }

  /** As the file has it; empty in an empty file and until it has been read. */
  get header(): readonly string[] {
    return this.#header;
  }

  get hasRows(): boolean {
    return this.#hasRows;
  }

  /** The first problem of the file. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Of the rows so far: see DelimitedReader. */
  get isCanonical(): boolean {
    return this.#reader.isCanonical;
  }

  get lineEnd(): LineEnd {
    return this.#reader.lineEnd;
  }

  get detected(): Detected {
    return {
      types: this.#header.map((_, cell) => this.#detector.types(cell)),
      hasValue: this.#header.map((_, cell) => this.#detector.hasValue(cell)),
    };
  }

  /**
   * Yields each chunk of the file after its rows went to the handler; the chunk is valid until the next. A bad
   * record is reported at the end, because in a damaged archive the damage is the cause to report.
   *
   * @throws RelayError `export.csv`, and the errors of the archive
   */
  async *read(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#file.open()) {
      this.#try(() => this.#reader.push(chunk));
      yield chunk;
      release(chunk);
    }
    this.#try(() => this.#reader.end());
    if (this.#problem) throw this.#problem;
  }

  #try(step: () => void): void {
    if (this.#problem) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      const hint = error.code === 'delimited.encoding' ? '' : this.#delimiterHint;
      this.#problem = this.#failure(`${error.message}${hint}`, error);
    }
  }

  /** A wrong delimiter makes many records bad. */
  get #delimiterHint(): string {
    const { delimiter } = this.#reader;
    return delimiter ? ` (cells are separated by ${delimiterNames[delimiter]})` : '';
  }

  #failure(problem: string, cause?: Error): Error {
    return new RelayError('export.csv', `${this.#file.name}, ${problem}`, { cause });
  }
}
