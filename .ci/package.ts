// `npm pack` runs this before and after: the package holds JavaScript where a clone holds TypeScript, because Node
// strips no types under node_modules. So its package.json names other files, and asks for less.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';

import { exporterPackages } from '../subscriber/otlp/load-exporter.ts';

interface Manifest {
  [key: string]: unknown;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  exports: Record<string, unknown>;
  imports: Record<string, Record<string, string>>;
}

const manifestPath = 'package.json';
/** The clone's manifest, while the package's stands in its place. */
const keptPath = '.package.json.kept';

/**
 * Installed by those who use them: an export from S3, metrics and traces (subscriber/otlp/load-exporter.ts), and the
 * relay on one machine (cli/local-parts.ts).
 */
const onDemand = [
  '@aws-sdk/client-s3',
  '@duckdb/node-api',
  ...exporterPackages,
  'avsc',
  'esbuild',
  'miniflare',
  're2js',
  'wrangler',
];

if (process.argv[2] === 'restore') restore();
else prepare();

function prepare(): void {
  restore();
  rmSync('dist', { recursive: true, force: true });
  for (const project of ['tsconfig.package.json', 'worker/tsconfig.package.json']) {
    execFileSync('tsc', ['-p', project], { stdio: 'inherit', shell: process.platform === 'win32' });
  }
  // The page of the console, so that an installed package needs no esbuild.
  execFileSync(process.execPath, ['console/assets/build.ts', 'dist/console/built'], {
    stdio: 'inherit',
  });
  // The repository's own config is an example; a project has one of its own.
  for (const end of ['js', 'd.ts']) rmSync(`dist/tributary.config.${end}`, { force: true });
  copyFileSync('cli/tributary.js', 'dist/cli/tributary.js');
  chmodSync('dist/cli/tributary.js', 0o755);

  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest;
  copyFileSync(manifestPath, keptPath);
  writeFileSync(manifestPath, `${JSON.stringify(published(manifest), null, 2)}\n`);
}

/** Also what is left of a run that was killed. */
function restore(): void {
  if (existsSync(keptPath)) renameSync(keptPath, manifestPath);
}

function published(manifest: Manifest): Record<string, unknown> {
  const {
    scripts: _s,
    devDependencies: _d,
    knip: _k,
    allowScripts: _a,
    private: _p,
    ...rest
  } = manifest;
  const versions = { ...manifest.devDependencies, ...manifest.dependencies };
  const isBrought = ([name]: [string, string]) => !onDemand.includes(name);
  return {
    ...rest,
    dependencies: Object.fromEntries(Object.entries(manifest.dependencies).filter(isBrought)),
    bin: { tributary: 'dist/cli/tributary.js' },
    exports: compiled({ ...manifest.exports, './config': undefined }),
    imports: compiled(manifest.imports),
    peerDependencies: Object.fromEntries(onDemand.map((name) => [name, versions[name]])),
    peerDependenciesMeta: Object.fromEntries(onDemand.map((name) => [name, { optional: true }])),
  };
}

/** The same map, with the compiled file for each source. */
function compiled(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replace(/"\.\/([^"]+)\.ts"/g, '"./dist/$1.js"'),
  ) as unknown;
}
