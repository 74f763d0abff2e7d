import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../../../shared/errors.ts';
import type { ExportOrigin } from './export-origin.ts';
import { Silence } from './idle-timeout.ts';

export interface DownloadOptions {
  origin: ExportOrigin;
  /** As it was announced. */
  path: string;
  /** Where the file is spooled. */
  directory: string;
  maxBytes: number;
  signal?: AbortSignal | undefined;
  /** Told how many bytes have come, and how many there are where the answer declares it. */
  onProgress?: ((bytes: number, of: number | undefined) => void) | undefined;
}

/** A downloaded file. It has no name any more, so it is gone when it is closed, or when the process is. */
export interface Spool extends AsyncDisposable {
  readonly file: FileHandle;
  readonly bytes: number;
}

/**
 * Spools an announced export to a temporary file.
 *
 * @throws RelayError `export.*`
 */
export async function download(options: DownloadOptions): Promise<Spool> {
  const { origin, path, directory, maxBytes } = options;
  const silence = new Silence(origin.timeoutMs, options.signal);
  const file = await openNameless(directory);
  try {
    const { bytes: declared, content } = await origin.open(path, silence);
    let bytes = 0;
    for await (const piece of heard(content, declared ?? 0, maxBytes, silence)) {
      bytes += piece.byteLength;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      await writeWhole(file, piece);
      options.onProgress?.(bytes, declared);
    }
    return { file, bytes, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    silence.end();
  }
}

/** The pieces, or why they end before their time. */
async function* heard(
  content: AsyncIterable<Uint8Array>,
  declared: number,
  maxBytes: number,
  silence: Silence,
): AsyncGenerator<Uint8Array> {
  try {
    silence.heard();
    for await (const piece of content) {
      // Inside the loop, so that its end lets the connection go.
      if (declared > maxBytes) throw tooLarge(declared, maxBytes);
      silence.pause();
      yield piece;
      silence.heard();
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'export.too-large') throw error;
    throw new RelayError('export.network', `the download broke off: ${silence.explain(error)}`, {
      cause: error,
    });
  }
}

async function writeWhole(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength; ) {
    at += (await file.write(piece, at)).bytesWritten;
  }
}

/** Unlinked while it is open: not even SIGKILL leaves it behind. */
async function openNameless(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `export-${randomUUID()}.zip`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

function tooLarge(bytes: number, maxBytes: number): Error {
  return new RelayError(
    'export.too-large',
    `the ZIP is too large: ${bytes} bytes or more, and ${maxBytes} are allowed`,
  );
}
