import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that goes when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-exports-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function fileOf(bytes: Uint8Array): Promise<FileHandle> {
  const file = await open(join(await temporaryDirectory(), randomUUID()), 'wx+');
  onTestFinished(() => file.close());
  await file.writeFile(bytes);
  return file;
}
