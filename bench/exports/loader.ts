// Loads one export in its own process: as the relay does, or as the twin, which only inflates and uploads.

import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { fromFdPromise } from 'yauzl';
import { loadExport } from './load-export.ts';

export interface LoadOrder {
  who: 'relay' | 'twin';
  /** The path of the ZIP for the twin, which does not fetch it. */
  zip: string;
  sink: string;
  /** Gives new job ids in each round. */
  round: number;
}

export interface LoadReport {
  seconds: number;
  peakRssMiB: number;
}

process.once('message', async (order: LoadOrder) => {
  const begun = performance.now();
  if (order.who === 'twin') await inflateAndUpload(order.zip, order.sink);
  else await loadExport(order.sink, String(order.round));
  const report: LoadReport = {
    seconds: (performance.now() - begun) / 1000,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  };
  process.send?.(report, () => process.exit());
});

/** Inflates each file of a local ZIP and uploads it in one request, without checks or resuming. */
async function inflateAndUpload(path: string, sink: string): Promise<void> {
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
