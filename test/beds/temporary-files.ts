import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory until the end of the test, or of all tests of the file if `onEnd` is `afterAll`. */
export async function temporaryDirectory(
  onEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-exports-'));
  onEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function fileOf(bytes: Uint8Array): Promise<FileHandle> {
  const file = await open(join(await temporaryDirectory(), randomUUID()), 'wx+');
  onTestFinished(() => file.close());
  await file.writeFile(bytes);
  return file;
}
