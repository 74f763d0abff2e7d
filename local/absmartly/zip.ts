import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

// DOS times are local times; before 1980 they are clamped to one value, the same in every time zone.
const mtime = new Date(0);

/** A ZIP of text files that is the same, byte for byte, whenever and wherever it is made. */
export function zipFiles(files: readonly { name: string; text: string }[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, text } of files) zip.addBuffer(Buffer.from(text), name, { mtime });
  zip.end();
  return buffer(zip.outputStream);
}
