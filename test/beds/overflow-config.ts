import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** wrangler.toml as a user has it who takes every "#" away that stands before a setting. */
function withEverythingOn(): string {
  return readFileSync(join(root, 'wrangler.toml'), 'utf8').replace(/^#(?=[^\s#])/gm, '');
}

/** Writes it into a folder, still about the same Worker. Returns its path. */
export function writeConfig(folder: string): string {
  const path = join(folder, 'wrangler.toml');
  const main = `main = ${JSON.stringify(join(root, 'worker/main.ts'))}`;
  writeFileSync(path, withEverythingOn().replace(/^main = .*$/m, main));
  return path;
}
