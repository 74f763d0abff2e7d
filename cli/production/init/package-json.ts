import { RelayError } from '../../../shared/errors.ts';
import { version } from '../../../subscriber/service/version.ts';
import { localPartVersions } from '../../local-parts.ts';

type Manifest = Record<string, unknown>;
type Versions = Record<string, string>;

export interface CompletedManifest {
  text: string;
  /** What was added or changed, for the user. Empty if nothing was. */
  changes: string[];
}

const scripts: Versions = {
  start: 'tributary start',
  check: 'tributary check',
  deploy: 'tributary deploy',
};

/** npm asks before it runs the scripts of a package when it is installed. */
const allowedScripts = ['core-js', 'esbuild', 'protobufjs', 'workerd'];

/**
 * A package.json with what a relay needs. Members that it has stay, except a `type` that is not `module`: Node would
 * not read the config.
 *
 * @param before its text; absent if there is none
 * @param name of a new package
 * @throws RelayError `init.manifest` if it can't be read
 */
export function completeManifest(before: string | undefined, name: string): CompletedManifest {
  const manifest = before === undefined ? { name, private: true } : parse(before);
  const changes: string[] = [];
  const completed: Manifest = { ...manifest };

  const { type } = manifest;
  if (type !== 'module') {
    completed['type'] = 'module';
    if (before !== undefined) {
      const was = type === undefined ? '' : ` (it was "${String(type)}")`;
      changes.push(`"type" is "module"${was}`);
    }
  }
  const add = (member: string, entries: Record<string, unknown>, has: Manifest = {}) => {
    const old = objectOf(manifest, member);
    const missing = Object.entries(entries).filter(([key]) => !(key in old) && !(key in has));
    if (missing.length === 0) return;
    completed[member] = { ...old, ...Object.fromEntries(missing) };
    changes.push(...missing.map(([key]) => `${member}: ${key}`));
  };
  const dependencies = objectOf(manifest, 'dependencies');
  const devDependencies = objectOf(manifest, 'devDependencies');
  add('scripts', scripts);
  add('dependencies', { 'tributary-relay': version }, devDependencies);
  add('devDependencies', localPartVersions(), dependencies);
  add('allowScripts', Object.fromEntries(allowedScripts.map((each) => [each, true])));
  if (before !== undefined && changes.length === 0) return { text: before, changes };
  return { text: write(completed, before), changes };
}

function parse(text: string): Manifest {
  let value: unknown;
  try {
    // Some editors begin a file with a byte order mark, which npm ignores.
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new RelayError('init.manifest', `package.json is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (isObject(value)) return value;
  throw new RelayError('init.manifest', 'package.json does not hold an object');
}

function objectOf(manifest: Manifest, member: string): Manifest {
  const value = manifest[member];
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new RelayError('init.manifest', `"${member}" in package.json is not an object`);
}

function isObject(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Indented as it was. */
function write(manifest: Manifest, before = ''): string {
  const [, indent = '  '] = /^\s*\{\s*?\n([ \t]+)"/.exec(before) ?? [];
  return `${JSON.stringify(manifest, null, indent)}\n`;
}
