import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { seededRandom } from '../../local/absmartly/sample-export.ts';

const header =
  'unit_uid,unit_type,event_type,event_at,experiment_id,experiment_name,variant,goal_name,properties\n';

/** The number of different chunks of about 600 KB. The files repeat them, beyond deflate's window. */
const chunkCount = 24;
const rowsPerChunk = 4000;

/** Writes a ZIP of three CSV files of equal size that inflate to `inflatedBytes` in total. */
export async function writeArchive(path: string, inflatedBytes: number): Promise<void> {
  const random = seededRandom(42);
  const chunks = Array.from({ length: chunkCount }, () => {
    const rows = Array.from({ length: rowsPerChunk }, () => eventRow(random));
    return Buffer.from(rows.join(''));
  });
  const zip = new ZipFile();
  for (const number of [1, 2, 3]) {
    const content = Readable.from(csv(chunks, inflatedBytes / 3), { objectMode: false });
    zip.addReadStream(content, `experiment_42_export_00${number}.csv`);
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

function* csv(chunks: readonly Buffer[], bytes: number): Generator<Buffer> {
  yield Buffer.from(header);
  let written = header.length;
  for (let index = 0; written < bytes; index++) {
    const chunk = chunks[index % chunks.length] ?? Buffer.alloc(0);
    yield chunk;
    written += chunk.length;
  }
}

function eventRow(random: () => number): string {
  const unit = Math.floor(random() * 1e9);
  const at = new Date(Date.UTC(2026, 3, 12) + random() * 86_400_000).toISOString();
  const variant = random() < 0.5 ? 0 : 1;
  if (random() < 0.6) {
    return `user-${unit},user_id,exposure,${at},42,"Checkout button, take 42",${variant},,\n`;
  }
  const amount = Math.floor(random() * 20_000) / 100;
  const session = Math.floor(random() * 2 ** 48).toString(16);
  const properties = `"{""amount"":${amount},""currency"":""EUR"",""session"":""${session}""}"`;
  return `user-${unit},user_id,goal,${at},,,,purchase,${properties}\n`;
}
