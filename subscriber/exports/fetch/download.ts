import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../../../shared/errors.ts';
import type { ExportOrigin } from './export-origin.ts';
import { IdleTimeout } from './idle-timeout.ts';

export interface DownloadOptions {
  origin: ExportOrigin;
  /** As announced. */
  path: string;
  /** Where the file is spooled. */
  directory: string;
  maxBytes: number;
  signal?: AbortSignal | undefined;
  /** @param of the declared size; undefined where the response declares none */
  onProgress?: ((bytes: number, of: number | undefined) => void) | undefined;
}

/** A downloaded file. It has no name, so it disappears when it is closed or the process ends. */
export interface SpooledFile extends AsyncDisposable {
  readonly file: FileHandle;
  readonly bytes: number;
}

/**
 * Spools an announced export to a temporary file.
 *
 * @throws RelayError `export.*`
 */
export async function download(options: DownloadOptions): Promise<SpooledFile> {
  const { origin, path, directory, maxBytes } = options;
  const idle = new IdleTimeout(origin.idleTimeoutMs, options.signal);
  const file = await openNameless(directory);
  try {
    const { bytes: declared, content } = await origin.open(path, idle);
    let bytes = 0;
    for await (const chunk of chunksOf(content, declared ?? 0, maxBytes, idle)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      await writeWhole(file, chunk);
      options.onProgress?.(bytes, declared);
    }
    return { file, bytes, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    idle.clear();
  }
}

/** @throws RelayError `export.network` when the content breaks off */
async function* chunksOf(
  content: AsyncIterable<Uint8Array>,
  declared: number,
  maxBytes: number,
  idle: IdleTimeout,
): AsyncGenerator<Uint8Array> {
  try {
    idle.restart();
    for await (const chunk of content) {
      // Inside the loop, so that leaving it closes the connection.
      if (declared > maxBytes) throw tooLarge(declared, maxBytes);
      idle.clear();
      yield chunk;
      idle.restart();
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'export.too-large') throw error;
    throw new RelayError('export.network', `the download broke off: ${idle.explain(error)}`, {
      cause: error,
    });
  }
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    at += (await file.write(chunk, at)).bytesWritten;
  }
}

/** Unlinked while it is open, so that not even SIGKILL leaves it behind. */
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
