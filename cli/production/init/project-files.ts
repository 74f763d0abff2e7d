import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { missingSecrets } from '../../../local/secrets.ts';
import type { RelayStream } from '../../../shared/config/config.ts';
import { RelayError } from '../../../shared/errors.ts';
import { workerSecrets } from '../cloudflare/worker-secrets.ts';
import type { PlannedRelay } from './answers.ts';
import { completeManifest } from './package-json.ts';
import { configText } from './templates/config.ts';
import { dockerfileText } from './templates/dockerfile.ts';
import { workflowText } from './templates/workflow.ts';
import { wranglerTomlText } from './templates/wrangler-toml.ts';
import type { FileToWrite } from './write-files.ts';

const configFile = 'tributary.config.ts';

/** What becomes of a folder. */
export interface ProjectFiles {
  /** In the order in which they must be written: the config last, so that a broken run can be repeated. */
  files: FileToWrite[];
  created: string[];
  /** Files that had something added, and what. */
  merged: { name: string; changes: string[] }[];
  /** Files that stay as they are. */
  kept: string[];
  /** What a file that is kept should have. */
  hints: string[];
}

const ignored = ['node_modules/', '.tributary/', '.wrangler/', '.dev.vars', '*.log'];

/** @throws RelayError `init.exists` if the folder has a config, or `init.unwritable` if it is no folder */
export function requireNoRelay(folder: string): void {
  const entry = statSync(folder, { throwIfNoEntry: false });
  if (entry && !entry.isDirectory()) {
    throw new RelayError('init.unwritable', `${folder} is a file: nothing was written`);
  }
  const file = join(folder, configFile);
  if (!existsSync(file)) return;
  throw new RelayError('init.exists', `${file} exists already: nothing was changed`);
}

/** The files of a relay's folder. A file that exists is kept, or only gets what it lacks. */
export function planFiles(folder: string, plan: PlannedRelay): ProjectFiles {
  const planned: ProjectFiles = { files: [], created: [], merged: [], kept: [], hints: [] };
  const { relay } = plan;
  const secrets = workerSecrets(relay);

  const manifest = readText(folder, 'package.json');
  const { text, changes } = completeManifest(manifest, nameOf(folder));
  merge(planned, { name: 'package.json', text }, manifest, changes);

  const ignores = readText(folder, '.gitignore');
  const missing = missingLines(ignores ?? '');
  const gitignore = joinLines(ignores ?? '', missing);
  merge(planned, { name: '.gitignore', text: gitignore }, ignores, missing);

  const vars = readText(folder, '.dev.vars');
  const { more, added } = missingSecrets(vars ?? '', relay);
  merge(planned, { name: '.dev.vars', text: (vars ?? '') + more, mode: 0o600 }, vars, added);

  const wrangler = { name: nameOf(folder), main: workerMain(folder), secrets };
  create(planned, folder, 'wrangler.toml', wranglerTomlText(wrangler));
  planned.hints.push(...hintsOfWrangler(folder, wrangler));
  create(planned, folder, 'Dockerfile', dockerfileText);
  create(planned, folder, '.github/workflows/deploy.yml', workflowText);
  create(planned, folder, configFile, configText(plan));
  return planned;
}

function create(planned: ProjectFiles, folder: string, name: string, text: string): void {
  if (existsSync(join(folder, name))) {
    planned.kept.push(name);
    return;
  }
  planned.files.push({ name, text });
  planned.created.push(name);
}

function merge(
  planned: ProjectFiles,
  file: FileToWrite,
  before: string | undefined,
  changes: string[],
): void {
  const { name } = file;
  if (before === undefined) planned.created.push(name);
  else if (changes.length === 0) planned.kept.push(name);
  else planned.merged.push({ name, changes });
  if (before !== file.text) planned.files.push(file);
}

function missingLines(text: string): string[] {
  const plain = (line: string) => line.trim().replace(/^\/|\/$/g, '');
  const has = new Set(text.split('\n').map(plain));
  return ignored.filter((line) => !has.has(plain(line)));
}

function joinLines(text: string, lines: string[]): string {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return text + gap + lines.map((line) => `${line}\n`).join('');
}

function readText(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new RelayError('init.unwritable', `nothing was written: ${message}`, { cause });
  }
}

/** A folder's name as the name of a package and of a Worker. */
function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replaceAll(/^[^a-z]+|-+$/g, '');
  // npm installs no package in one of the same name.
  return name === '' || name === 'tributary-relay' ? 'relay' : name;
}

/** In a workspace, packages may stand in a folder above. */
function workerMain(folder: string): string {
  const main = 'dist/worker/main.js';
  const found = findPackage(folder) ?? join(folder, 'node_modules', 'tributary-relay');
  return join(relative(resolve(folder), resolve(found)), main).replaceAll('\\', '/');
}

/** The folder of our package as Node finds it from a folder, installed or not. */
function findPackage(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = join(at, 'node_modules', 'tributary-relay');
    if (existsSync(found)) return found;
    if (at === dirname(at)) return undefined;
  }
}

function hintsOfWrangler(
  folder: string,
  { main, secrets }: { main: string; secrets: readonly string[] },
): string[] {
  const text = readText(folder, 'wrangler.toml');
  if (text === undefined) return [];
  const hints: string[] = [];
  if (!text.includes('tributary-relay/dist/worker/main.js')) hints.push(`main = "${main}"`);
  if (!text.includes('tributary-relay/config')) {
    hints.push(`[alias] "tributary-relay/config" = "./${configFile}"`);
  }
  const missing = secrets.filter((secret) => !text.includes(`"${secret}"`));
  if (missing.length > 0) hints.push(`[secrets] required: ${missing.join(', ')}`);
  return hints;
}

/** The commands that lead from here to a row. */
export function nextCommands(folder: string, { name }: Pick<RelayStream, 'name'>): string[] {
  const here = relative(process.cwd(), resolve(folder));
  const change = here === '' ? '' : `cd ${/^[\w./-]+$/.test(here) ? here : `'${here}'`} && `;
  const install = findPackage(folder) ? '' : 'npm install && ';
  return [`${change}${install}npx tributary start`, `${change}npx tributary send ${name}`];
}
