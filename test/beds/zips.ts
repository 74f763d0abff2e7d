import { buffer } from 'node:stream/consumers';
import { type Options, ZipFile } from 'yazl';

export type ZipContent = [name: string, text: string | Buffer, options?: Partial<Options>][];

/** A name that ends in `/` becomes a directory. */
export async function zipOf(content: ZipContent, zip64 = false): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text, options] of content) {
    if (name.endsWith('/')) zip.addEmptyDirectory(name);
    else zip.addBuffer(Buffer.from(text), name, { forceZip64Format: zip64, ...options });
  }
  zip.end({ forceZip64Format: zip64, comment: '' });
  return await buffer(zip.outputStream);
}

/** Replaces a name by another one of the same length, which yazl would not write. */
export function renamed(zip: Buffer, from: string, to: string): Buffer {
  return Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1');
}

/** Changes bytes at an offset from each central directory record (section 4.3.12 of APPNOTE.TXT). */
export function patchDirectory(zip: Buffer, offset: number, bytes: number[]): Buffer {
  const patched = Buffer.from(zip);
  for (
    let at = patched.indexOf('PK\x01\x02');
    at >= 0;
    at = patched.indexOf('PK\x01\x02', at + 4)
  ) {
    patched.set(bytes, at + offset);
  }
  return patched;
}

/** Replaces the CRC-32 of one file by a wrong one. */
export function damaged(zip: Buffer, name: string): Buffer {
  const patched = Buffer.from(zip);
  const record = patched.lastIndexOf('PK\x01\x02', patched.lastIndexOf(name));
  patched.set([1, 2, 3, 4], record + 16);
  return patched;
}
