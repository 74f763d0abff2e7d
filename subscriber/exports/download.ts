import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exportUrl } from './export-url.ts';
import { postpone, refuse } from './failure.ts';
import { Silence } from './silence.ts';

export interface ExportApi {
  /** The configured API, with or without a path: `https://your-subdomain.absmartly.com`. */
  url: string;
  key: string;
  /** The longest silence, in milliseconds: until the answer begins, and between two pieces of it. */
  timeoutMs: number;
}

export interface DownloadOptions {
  api: ExportApi;
  /** Path and query below the API. */
  path: string;
  /** Where the file is spooled. */
  directory: string;
  maxBytes: number;
  signal?: AbortSignal | undefined;
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
  const url = exportUrl(options.api.url, options.path);
  const silence = new Silence(options.api.timeoutMs, options.signal);
  try {
    const response = await request(url, options.api.key, silence);
    await requireSuccess(response, url, options.maxBytes);
    return await spool(response, options, silence);
  } finally {
    silence.end();
  }
}

async function request(url: URL, key: string, silence: Silence): Promise<Response> {
  silence.heard();
  try {
    return await fetch(url, {
      // A redirect is not followed: it would take the key elsewhere.
      redirect: 'manual',
      signal: silence.signal,
      headers: { Authorization: `Api-Key ${key}`, 'Accept-Encoding': 'identity' },
    });
  } catch (error) {
    throw postpone('network', `the download failed: ${silence.explain(error)}`, { cause: error });
  }
}

/** The reactions and the reasons of the vendor's troubleshooting table. */
async function requireSuccess(response: Response, url: URL, maxBytes: number): Promise<void> {
  const { status } = response;
  if (status === 200) {
    const declared = Number(response.headers.get('content-length') ?? 0);
    if (declared <= maxBytes) return;
    await discard(response);
    throw tooLarge(declared, maxBytes);
  }
  await discard(response);
  if (status === 401 || status === 403) {
    throw refuse(
      'unauthorized',
      `${status} on download: the API key is incorrect or missing, or may not read exports`,
    );
  }
  if (status === 404 || status === 410) {
    throw refuse(
      'not-found',
      `${status} on download: the export file may have expired; check the API URL (${url.origin}) and the download_url`,
    );
  }
  if (status >= 300 && status < 400) {
    throw refuse(
      'redirect',
      `${status} on download: a redirect${target(response, url)} is not followed`,
    );
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw postpone('unavailable', `${status} on download`);
  }
  throw refuse('status', `${status} on download`);
}

/** Where a redirect leads, without the path: it may hold a signature. */
function target(response: Response, from: URL): string {
  const location = response.headers.get('location') ?? '';
  return URL.canParse(location, from.href) ? ` to ${new URL(location, from).origin}` : '';
}

async function spool(
  response: Response,
  { directory, maxBytes }: DownloadOptions,
  silence: Silence,
): Promise<Spool> {
  const file = await openNameless(directory);
  let bytes = 0;
  try {
    for await (const chunk of pieces(response, silence)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      await file.appendFile(chunk);
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  return { file, bytes, [Symbol.asyncDispose]: () => file.close() };
}

async function* pieces(response: Response, silence: Silence): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      silence.heard();
      const { done, value } = await read(reader, silence);
      if (done || !value) return;
      silence.pause();
      yield value;
    }
  } finally {
    // Frees the connection when the loop was left early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  silence: Silence,
): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
  try {
    return await reader.read();
  } catch (error) {
    throw postpone('network', `the download broke off: ${silence.explain(error)}`, {
      cause: error,
    });
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

async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

function tooLarge(bytes: number, maxBytes: number): Error {
  return refuse(
    'too-large',
    `the ZIP is too large: ${bytes} bytes or more, and ${maxBytes} are allowed`,
  );
}
