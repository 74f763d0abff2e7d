import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RelayError } from '../shared/errors.ts';
import { projectFolder } from '../subscriber/service/find-config.ts';

/** Only the relay on one machine uses them, so the package does not bring them. About 330 MB in all. */
const names = ['@duckdb/node-api', 'avsc', 'esbuild', 'miniflare', 're2js', 'wrangler'];

/**
 * Installs what the local edge, Pub/Sub and BigQuery need as devDependencies of the project, and says so. A
 * clone has it already.
 *
 * @throws RelayError `local.missing` if that fails
 */
export function installLocalParts(): void {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const folder = packageFolder(projectFolder());
  const versions = pinnedVersions();
  const packages = missing.map((name) => `${name}@${versions[name]}`);
  const flags = ['--save-dev', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error'];
  const words = ['install', ...flags, ...packages];
  process.stderr.write(
    `The relay on this machine needs ${missing.join(', ')}.\nInstalling them once, about 330 MB, as devDependencies of ${folder} …\n`,
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

function packageFolder(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return start;
}

/** What the relay on one machine needs, and the versions that this version of Tributary was tested with. */
export function localPartVersions(): Record<string, string> {
  const versions = pinnedVersions();
  return Object.fromEntries(names.map((name) => [name, versions[name] ?? '']));
}

/** The versions that this version of Tributary was tested with. */
export function pinnedVersions(): Record<string, string> {
  const path = createRequire(import.meta.url).resolve('tributary-relay/package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
  return { ...manifest['devDependencies'], ...manifest['peerDependencies'] };
}
