import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RelayError } from '../../shared/errors.ts';

/** The page's two files. */
export interface Page {
  script: string;
  style: string;
}

const source = fileURLToPath(new URL('../page', import.meta.url));
/** The package has the page built; so has an image (`node console/assets/build.ts`). */
const built = fileURLToPath(new URL('../built', import.meta.url));
const cache = fileURLToPath(
  new URL('../../node_modules/.cache/tributary-console', import.meta.url),
);

/**
 * The built page. In a clone it is built when it is asked for, a few tenths of a second, and kept until its source
 * changes.
 *
 * @throws RelayError `console.unbuilt`
 */
export async function loadPage(): Promise<Page> {
  if (existsSync(join(built, 'main.js'))) return read(built);
  const folder = join(cache, hashOfSource());
  if (existsSync(join(folder, 'main.js'))) return read(folder);
  const page = await buildPage();
  try {
    keep(page, folder);
  } catch {
    // A file system that can't be written: it is built again at the next start.
  }
  return page;
}

/** @throws RelayError `console.unbuilt` where esbuild is not installed */
export async function buildPage(): Promise<Page> {
  let esbuild: typeof import('esbuild');
  try {
    esbuild = await import('esbuild');
  } catch (cause) {
    const message = 'the page of the console is not built, and esbuild is not installed';
    throw new RelayError('console.unbuilt', message, { cause });
  }
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(source, 'main.tsx')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: 'out',
    legalComments: 'none',
    logLevel: 'silent',
  });
  // Its process would live as long as this one.
  await esbuild.stop();
  const textOf = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

export function keep({ script, style }: Page, folder = built): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'main.css'), style);
  // Last and at once: another process may read while this one writes.
  writeFileSync(join(folder, `main.js.${process.pid}`), script);
  renameSync(join(folder, `main.js.${process.pid}`), join(folder, 'main.js'));
}

function read(folder: string): Page {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { script: text('main.js'), style: text('main.css') };
}

function hashOfSource(): string {
  const hash = createHash('sha256');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).toSorted();
  for (const name of files) {
    if (!/\.(?:tsx?|css)$/.test(name)) continue;
    hash.update(`${name}\n`).update(readFileSync(join(source, name)));
  }
  return hash.digest('hex').slice(0, 20);
}
