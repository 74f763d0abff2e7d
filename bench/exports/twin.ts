import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { fromFdPromise } from 'yauzl';

/** Inflates each file of a ZIP that lies there and uploads it in one request: no check, no resuming. */
export async function inflateAndUpload(path: string, sink: string): Promise<void> {
  const file = await open(path);
  const zip = await fromFdPromise(file.fd, { autoClose: false, lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    const deflated = await zip.openReadStreamPromise(entry, { decodeFileData: false });
    const headers = { 'Content-Length': entry.uncompressedSize };
    const upload = request(`${sink}/whole/${entry.fileName}`, { method: 'PUT', headers });
    const answered = new Promise((resolve, reject) => {
      upload.once('response', (response) => response.resume().once('end', resolve));
      upload.once('error', reject);
    });
    await pipeline(deflated, createInflateRaw({ chunkSize: 256 * 1024 }), upload);
    await answered;
  }
  await file.close();
}
