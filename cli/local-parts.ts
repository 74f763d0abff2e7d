import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RelayError } from '../shared/errors.ts';
import { projectFolder } from '../subscriber/service/find-config.ts';

/** Packages that only commands on one machine need, so the package does not bring them. */
interface LocalParts {
  names: readonly string[];
  /** For whom they are. */
  who: string;
  size: string;
}

export const serverParts: LocalParts = {
  names: ['@duckdb/node-api', 'avsc', 're2js'],
  who: 'The local Pub/Sub and BigQuery',
  size: '75 MB',
};

const relayParts: LocalParts = {
  names: ['@duckdb/node-api', 'avsc', 'esbuild', 'miniflare', 're2js', 'wrangler'],
  who: 'The relay on this machine',
  size: '330 MB',
};

/**
 * Installs what is missing of these parts as devDependencies of the project, and says so. A clone has all of them
 * already.
 *
 * @throws RelayError `local.missing` if that fails
 */
export function installLocalParts({ names, who, size }: LocalParts = relayParts): void {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const folder = installFolder();
  const versions = pinnedVersions();
  const packages = missing.map((name) => `${name}@${versions[name]}`);
  const flags = ['--save-dev', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error'];
  const words = ['install', ...flags, ...packages];
  process.stderr.write(
    `${who} needs ${missing.join(', ')}.\nInstalling them once, about ${size}, as devDependencies of ${folder} …\n`,
  );
  const { status } = spawnSync('npm', words, {
    cwd: folder,
    // Standard output is for the command's own result.
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  throw new RelayError('local.missing', `npm ${words.join(' ')} failed in ${folder}`);
}

/** As Node looks for a package: in the folders above this file. */
function isInstalled(name: string): boolean {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return paths.some((path) => existsSync(join(path, name, 'package.json')));
}

/**
 * The project; but where its node_modules is not the one that this file is in, as with npx in an empty folder, what
 * is installed there would not be found.
 */
function installFolder(): string {
  const own = fileURLToPath(import.meta.url);
  const modules = own.lastIndexOf(`${sep}node_modules${sep}`);
  const home = modules < 0 ? undefined : own.slice(0, modules);
  const project = packageFolder(projectFolder());
  if (home === undefined || !relative(home, project).startsWith('..')) return project;
  return existsSync(join(home, 'package.json')) ? home : project;
}

function packageFolder(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return start;
}

/** What the relay on one machine needs, and the versions that this version of Tributary was tested with. */
export function localPartVersions(): Record<string, string> {
  const versions = pinnedVersions();
  return Object.fromEntries(relayParts.names.map((name) => [name, versions[name] ?? '']));
}

/** The versions that this version of Tributary was tested with. */
export function pinnedVersions(): Record<string, string> {
  const path = createRequire(import.meta.url).resolve('tributary-relay/package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
  return { ...manifest['devDependencies'], ...manifest['peerDependencies'] };
}
