import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RelayError } from '../../shared/error.ts';
import { type CsvOptions, csvLines } from './csv-lines.ts';
import { type Line, splitLines } from './lines.ts';

export type FileFormat = 'csv' | 'ndjson';

export interface FileOptions extends CsvOptions {
  /** Found out from the first character, where it isn't told: an object of JSON begins with a brace. */
  format?: FileFormat;
}

/**
 * The lines of a file, CSV or NDJSON, compressed by gzip or not.
 *
 * @throws RelayError `import.*`
 */
export async function* fileLines(
  chunks: AsyncIterable<Uint8Array>,
  options: FileOptions,
): AsyncGenerator<Line[]> {
  const plain = await gunzipped(await Peeked.open(chunks));
  const format = options.format ?? formatOf(plain.first);
  yield* format === 'csv' ? csvLines(plain, options) : splitLines(plain);
}

async function gunzipped(peeked: Peeked): Promise<Peeked> {
  const [first, second] = peeked.first;
  if (first === 0x50 && second === 0x4b) {
    throw new RelayError('import.zip', 'setup', 'a ZIP can be read from a file alone');
  }
  if (first !== 0x1f || second !== 0x8b) return peeked;
  return await Peeked.open(inflate(peeked));
}

async function* inflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const source = Readable.from(chunks, { objectMode: false });
  source.once('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_')) throw cause;
    throw new RelayError('import.gzip', 'invalid', `the gzip is damaged: ${message}`, { cause });
  } finally {
    source.destroy();
  }
}

function formatOf(first: Uint8Array): FileFormat {
  const text = Buffer.from(first.subarray(0, 1024))
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  return text.trimStart().startsWith('{') ? 'ndjson' : 'csv';
}

/** A stream whose first bytes are known. */
class Peeked implements AsyncIterable<Uint8Array> {
  /** At least two bytes, where there are as many. */
  readonly first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;

  static async open(chunks: AsyncIterable<Uint8Array>): Promise<Peeked> {
    const rest = chunks[Symbol.asyncIterator]();
    let first: Uint8Array = new Uint8Array();
    while (first.length < 2) {
      const { done, value } = await rest.next();
      if (done) break;
      first = Buffer.concat([first, value]);
    }
    return new Peeked(first, rest);
  }

  private constructor(first: Uint8Array, rest: AsyncIterator<Uint8Array>) {
    this.first = first;
    this.#rest = rest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield this.first;
      for (;;) {
        const { done, value } = await this.#rest.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.#rest.return?.();
    }
  }
}
