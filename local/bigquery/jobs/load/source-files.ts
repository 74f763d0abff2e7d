import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BigQueryError } from '../../errors.ts';

/** The file of a `gs://bucket/object` in the folder that stands for Cloud Storage. Throws invalid. */
export function fileOfUri(folder: string, uri: string): string {
  const match = /^gs:\/\/([a-z0-9][a-z0-9._-]*)\/(.+)$/.exec(uri);
  if (match === null) throw new BigQueryError('invalid', `Invalid URI: ${uri}`);
  const root = resolve(folder);
  const file = resolve(root, match[1] ?? '', match[2] ?? '');
  if (!file.startsWith(root + sep)) throw new BigQueryError('invalid', `Invalid URI: ${uri}`);
  return file;
}

/** The files that a URI names; an asterisk stands for any characters of one name. Throws notFound. */
export async function filesOfUri(folder: string, uri: string): Promise<string[]> {
  const file = fileOfUri(folder, uri);
  const names = await readdir(dirname(file)).catch(() => []);
  const pattern = basename(file).split('*').map(literal).join('.*');
  const found = names.filter((name) => new RegExp(`^${pattern}$`).test(name)).sort();
  if (found.length === 0) throw new BigQueryError('notFound', `Not found: URI ${uri}`);
  return found.map((name) => join(dirname(file), name));
}

function literal(text: string): string {
  return text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&');
}

/** The file itself, or its content in `folder` if it is compressed with gzip. */
export async function uncompressed(file: string, folder: string): Promise<string> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  await handle.close();
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) return file;
  await mkdir(folder, { recursive: true });
  const target = join(folder, basename(file));
  await pipeline(createReadStream(file), createGunzip(), createWriteStream(target)).catch(
    (cause: unknown) => {
      throw new BigQueryError(
        'invalid',
        'Error while reading data, error message: the file is not valid gzip',
        { cause },
      );
    },
  );
  return target;
}
