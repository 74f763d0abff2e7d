import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { Relay } from '../../shared/config/config.ts';
import { accountSecret, edgeSecrets } from '../../shared/config/secrets.ts';
import type { Finding, Findings } from './finding.ts';

/** The parts of wrangler.toml that concern the relay. Anything may stand in them. */
interface WranglerFile {
  main?: unknown;
  alias?: { 'tributary-relay/config'?: unknown };
  build?: { command?: unknown };
  secrets?: { required?: unknown };
}

/**
 * What wrangler.toml beside the config says otherwise than the config. Nothing where there is no such file: then the
 * Worker is deployed from elsewhere.
 *
 * @param relay absent if the config can't be read
 */
export function checkWrangler(config: string, relay: Relay | undefined): Findings {
  const path = join(dirname(config), 'wrangler.toml');
  if (!existsSync(path)) return { problems: [], warnings: [] };
  const file = relative(process.cwd(), path);
  const text = readFileSync(path, 'utf8');
  let wrangler: WranglerFile;
  try {
    wrangler = parse(text) as WranglerFile;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    const remedy = 'Correct the line: wrangler reads TOML, https://toml.io.';
    const problem = {
      file,
      line: error.line,
      path: '',
      message: `is not TOML: ${message}`,
      remedy,
    };
    return { problems: [problem], warnings: [] };
  }
  const at = (pattern: RegExp) => lineMatching(text, pattern);
  const secrets = relay ? checkSecrets(file, wrangler, relay, at) : { problems: [], warnings: [] };
  return {
    problems: [...secrets.problems, ...checkEntry(file, path, wrangler, config, at)],
    warnings: [...secrets.warnings, ...checkBuild(file, wrangler, at)],
  };
}

type LineAt = (pattern: RegExp) => { line?: number };

function lineMatching(text: string, pattern: RegExp): { line?: number } {
  const at = text.split('\n').findIndex((line) => pattern.test(line));
  return at < 0 ? {} : { line: at + 1 };
}

/** The secrets that the Worker reads: deployed without one of them, a stream answers 503 to its sender. */
function checkSecrets(file: string, { secrets }: WranglerFile, relay: Relay, at: LineAt): Findings {
  const path = 'secrets.required';
  const list: unknown[] = Array.isArray(secrets?.required) ? secrets.required : [];
  const required = new Set(list.map(String));
  const users = secretUsers(relay);
  const missing = [...users].filter(([name]) => !required.has(name));
  const unused = [...required].filter((name) => !users.has(name));
  return {
    problems: missing.map(([name, user]) => ({
      file,
      ...at(/^\s*required\s*=/),
      path,
      message: `lacks ${name}, which ${user} needs: the Worker could be deployed without it`,
      remedy: `Add "${name}" to required below [secrets].`,
    })),
    warnings: unused.map((name) => ({
      file,
      ...at(new RegExp(`^\\s*"${name.replace(/\W/g, '.')}"`)),
      path,
      message: `has ${name}, which no stream uses: wrangler asks for a value for nothing`,
      remedy: `Remove "${name}", or name it in secrets of the stream that needs it.`,
    })),
  };
}

/** Each secret of the Worker, with what needs it. */
function secretUsers(relay: Relay): Map<string, string> {
  const users = new Map<string, string>([[accountSecret, 'the Worker itself']]);
  for (const stream of relay.streams.values()) {
    for (const secret of edgeSecrets(stream)) users.set(secret, `the stream "${stream.name}"`);
  }
  return users;
}

/** The Worker and the subscriber must read one config. */
function checkEntry(
  file: string,
  path: string,
  { main, alias }: WranglerFile,
  config: string,
  at: LineAt,
): Finding[] {
  const folder = dirname(path);
  const aliased = alias?.['tributary-relay/config'];
  if (typeof main === 'string' && !existsSync(resolve(folder, main))) {
    const remedy = 'Run `npm install`, or correct the path.';
    return [{ file, ...at(/^main\s*=/), path: 'main', message: `names no file: ${main}`, remedy }];
  }
  if (typeof aliased === 'string') {
    if (isSameFile(resolve(folder, aliased), config)) return [];
    return [
      {
        file,
        ...at(/tributary-relay\/config/),
        path: 'alias',
        message: `gives the Worker ${aliased}, and this command and the subscriber read ${relative(folder, config)}`,
        remedy: `Write "tributary-relay/config" = "./${relative(folder, config)}".`,
      },
    ];
  }
  const isPackaged = typeof main === 'string' && /node_modules[\\/]tributary-relay[\\/]/.test(main);
  if (!isPackaged) return [];
  return [
    {
      file,
      ...at(/^main\s*=/),
      path: 'alias',
      message: 'does not give the Worker your config, so that it would have none',
      remedy: `Add [alias] with "tributary-relay/config" = "./${relative(folder, config)}".`,
    },
  ];
}

function isSameFile(one: string, other: string): boolean {
  return existsSync(one) && realpathSync(one) === realpathSync(other);
}

function checkBuild(file: string, { build }: WranglerFile, at: LineAt): Finding[] {
  if (typeof build?.command === 'string' && build.command.includes('tributary check')) return [];
  return [
    {
      file,
      ...at(/^\[build\]/),
      path: 'build.command',
      message: 'does not run `tributary check`: a config with a problem would be deployed',
      remedy: 'Write command = "npx tributary check" below [build].',
    },
  ];
}
