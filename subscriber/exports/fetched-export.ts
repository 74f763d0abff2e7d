import { type CsvFile, readCsvFile } from './archive/csv-file.ts';
import type { CsvSettings } from './archive/csv-reader.ts';
import type { ExportLimits } from './archive/limits.ts';
import { readArchive } from './archive/zip-archive.ts';
import { type DownloadOptions, download, type Spool } from './fetch/download.ts';
import type { Progress } from './progress.ts';

export interface FetchOptions extends Omit<DownloadOptions, 'maxBytes' | 'onProgress'> {
  limits: ExportLimits;
  settings?: CsvSettings | undefined;
  progress?: Progress | undefined;
}

/** The ZIP of an export. It is fetched once, however often its loading is tried. */
export class FetchedExport implements AsyncDisposable {
  readonly #options: FetchOptions;
  #spool: Spool | undefined;
  #files: readonly CsvFile[] | undefined;

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  /**
   * The CSVs in file-name order, with their headers and first rows.
   *
   * @throws RelayError `export.*`
   */
  async files(): Promise<readonly CsvFile[]> {
    if (this.#files) return this.#files;
    const { limits, settings = {}, progress, signal } = this.#options;
    this.#spool ??= await download({
      ...this.#options,
      maxBytes: limits.compressedBytes,
      onProgress: (bytes, of) => progress?.tell({ doing: 'downloading', bytes, of }),
    });
    const files: CsvFile[] = [];
    for (const archived of await readArchive(this.#spool.file, this.#spool.bytes, limits)) {
      signal?.throwIfAborted();
      files.push(await readCsvFile(archived, settings));
    }
    this.#files = files;
    return this.#files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool?.[Symbol.asyncDispose]();
    this.#spool = undefined;
    this.#files = undefined;
  }
}
