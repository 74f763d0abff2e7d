import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { openDecoder } from '../../shared/delimited/encoding.ts';
import { RelayError } from '../../shared/errors.ts';
import { arrayElements, sequenceTexts } from '../lines/json-elements.ts';
import { type Line, splitLines } from '../lines/lines.ts';
import { PeekedStream } from '../lines/peeked-stream.ts';
import { type CsvOptions, csvLines } from './csv-lines.ts';

export const fileFormats = ['csv', 'ndjson', 'json', 'json-seq'] as const;

/** `json`: an array of events. `json-seq`: a text sequence, RFC 7464. */
export type FileFormat = (typeof fileFormats)[number];

export interface FileOptions extends CsvOptions {
  /** Detected from the beginning of the file if not set. */
  format?: FileFormat;
}

/**
 * The lines of a file, CSV or JSON, compressed by gzip or not.
 *
 * @throws RelayError `import.*`, `delimited.*`
 */
export async function* fileLines(
  chunks: AsyncIterable<Uint8Array>,
  options: FileOptions,
): AsyncGenerator<Line[]> {
  const plain = await gunzipped(await PeekedStream.open(chunks));
  const format = options.format ?? formatOf(plain.first);
  if (format === 'csv') yield* csvLines(plain, options);
  else yield* jsonReaders[format](inUtf8(plain, options.encoding));
}

const jsonReaders = { ndjson: splitLines, json: arrayElements, 'json-seq': sequenceTexts };

/** Converts other encodings to UTF-8. UTF-8 stays as it is, so that a bad character costs only its line. */
function inUtf8(plain: PeekedStream, encoding: string | undefined): AsyncIterable<Uint8Array> {
  const [first, second] = plain.first;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 || encoding !== undefined ? decoded(plain, encoding) : plain;
}

async function* decoded(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
): AsyncGenerator<Uint8Array> {
  const decoder = openDecoder(encoding);
  let lines = 1;
  const lineOf = () => lines;
  for await (const chunk of chunks) {
    const bytes = decoder.push(chunk, lineOf);
    for (const byte of bytes) if (byte === 0x0a) lines++;
    yield bytes;
  }
  yield decoder.end(lineOf);
}

async function gunzipped(peeked: PeekedStream): Promise<PeekedStream> {
  const [first, second] = peeked.first;
  if (first === 0x50 && second === 0x4b) {
    throw new RelayError('import.zip', 'a ZIP can only be read from a file');
  }
  if (first !== 0x1f || second !== 0x8b) return peeked;
  return await PeekedStream.open(inflate(peeked));
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
    throw new RelayError('import.gzip', `the gzip is damaged: ${message}`, { cause });
  } finally {
    source.destroy();
  }
}

function formatOf(first: Uint8Array): FileFormat {
  const text = new TextDecoder(encodingOf(first)).decode(first.subarray(0, 1024)).trimStart();
  if (text.startsWith('\u001e')) return 'json-seq';
  if (text.startsWith('{')) return 'ndjson';
  // A CSV header may begin with a bracket, `[id],[name]`. An array of events contains objects.
  return /^\[\s*(?:[{\]]|$)/.test(text) ? 'json' : 'csv';
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}
