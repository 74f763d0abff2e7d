import { availableParallelism } from 'node:os';
import { readArchive } from './archive.ts';
import { type DownloadOptions, download, type Spool } from './download.ts';
import type { ExportLimits } from './limits.ts';
import type { Progress } from './progress.ts';
import { type SurveyedFile, survey } from './survey.ts';

export interface FetchOptions extends Omit<DownloadOptions, 'maxBytes' | 'onProgress'> {
  limits: ExportLimits;
  progress?: Progress | undefined;
}

/** The ZIP of an export. It is fetched and found whole once, however often its loading is tried. */
export class FetchedExport implements AsyncDisposable {
  readonly #options: FetchOptions;
  #spool: Spool | undefined;
  #files: readonly SurveyedFile[] | undefined;

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  /**
   * The CSVs in file-name order, each checked to its last byte.
   *
   * @throws RelayError `export.*`
   */
  async files(): Promise<readonly SurveyedFile[]> {
    if (this.#files) return this.#files;
    const { limits, progress, signal } = this.#options;
    this.#spool ??= await download({
      ...this.#options,
      maxBytes: limits.compressedBytes,
      onProgress: (bytes, of) => progress?.tell({ doing: 'downloading', bytes, of }),
    });
    const archived = await readArchive(this.#spool.file, this.#spool.bytes, limits);
    const of = archived.reduce((sum, { bytes }) => sum + bytes, 0);
    let bytes = 0;
    const check = (file: (typeof archived)[number]) =>
      survey(file, (more) => {
        signal?.throwIfAborted();
        bytes += more;
        progress?.tell({ doing: 'checking', bytes, of });
      });
    this.#files = await inParallel(archived, availableParallelism(), check);
    return this.#files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool?.[Symbol.asyncDispose]();
    this.#spool = undefined;
    this.#files = undefined;
  }
}

/**
 * Some at a time, in order: inflating takes a thread of its own for each. After a failure no more are
 * begun, and it is told when nothing runs any more.
 */
async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const rest = items.entries();
  const runRest = async () => {
    for (const [index, item] of rest) {
      try {
        results[index] = await run(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, runRest));
  if (failures.length > 0) throw failures[0];
  return results;
}
