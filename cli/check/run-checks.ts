import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { InvalidConfig } from '../../shared/config/check/invalid-config.ts';
import type { Relay, RelayOptions, Stream } from '../../shared/config/config.ts';
import { fillIn } from '../../shared/config/define-relay.ts';
import { misreadSecrets } from '../../shared/config/secrets.ts';
import { errors, RelayError } from '../../shared/errors.ts';
import { schemes } from '../../shared/signatures/schemes.ts';
import { receiverUrlProblems } from '../../subscriber/alerts/messages/receiver-url.ts';
import { requireConfig } from '../../subscriber/service/find-config.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { readSecrets } from '../find/secrets.ts';
import type { Finding, Findings } from './finding.ts';
import { lineOf } from './line-of.ts';
import { findPlaceholders, locationDoubt } from './placeholders.ts';
import { checkWrangler } from './wrangler-file.ts';

export interface Checks extends Findings {
  /** From the working directory. */
  file: string;
  /** Absent if the config has a problem. */
  relay?: Relay;
}

/**
 * Everything that can be known of the config, wrangler.toml and the secrets of this machine without asking anybody:
 * all problems at once.
 *
 * @param read how the config is read
 * @throws RelayError `config.missing`
 */
export async function runChecks(
  secretsFile: string,
  read: (config: string) => Promise<Relay> = loadRelay,
): Promise<Checks> {
  const config = requireConfig();
  const file = relative(process.cwd(), config);
  const { relay, isDraft, problems } = await readConfig(config, file, read);
  const wrangler = checkWrangler(config, relay);
  const secrets = await checkSecretsFile(secretsFile, relay);
  return {
    file,
    ...(relay && !isDraft && { relay }),
    problems: [
      ...problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
      ...wrangler.problems,
      ...secrets.problems,
    ],
    warnings: [
      ...(relay ? doubts(config, file, relay) : []).filter(
        ({ path }) => !problems.some((problem) => problem.path === path),
      ),
      ...wrangler.warnings,
      ...secrets.warnings,
    ],
  };
}

async function readConfig(
  config: string,
  file: string,
  read: (config: string) => Promise<Relay>,
): Promise<{ relay?: Relay; isDraft: boolean; problems: Finding[] }> {
  try {
    return { relay: await read(config), isDraft: false, problems: [] };
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const source = readFileSync(config, 'utf8');
    const { code, message } = error;
    if (isInvalid(error)) {
      const problems = error.problems.map((problem) => ({ file, ...locate(source, problem) }));
      return { problems, relay: draftOf(error.options), isDraft: true };
    }
    // `<path>:<line>: <what is wrong>`
    const [, line, rest] = /^(?:.*?:(\d+): )?([\s\S]*)$/.exec(message) ?? [];
    const place = line === undefined ? {} : { line: Number(line) };
    const said = (rest ?? message).replaceAll(config, file).replace(`${file}: `, '');
    return {
      isDraft: false,
      problems: [{ file, ...place, path: '', message: said, remedy: errors[code].remedy }],
    };
  }
}

/** Not by `instanceof`: the config may have got its `defineRelay` from another copy of the package. */
function isInvalid(error: RelayError): error is InvalidConfig {
  return error.code === 'config.invalid' && 'problems' in error;
}

/** What can be read of a config with problems, so that the other files can be compared with it at once. */
function draftOf({ streams, ...own }: Partial<RelayOptions>): Relay {
  const texts = Object.entries(own).filter(([, value]) => typeof value === 'string');
  const readable = Object.entries(streams ?? {}).filter(([, stream]) => isReadable(stream));
  return fillIn({
    project: '',
    ...Object.fromEntries(texts),
    streams: Object.fromEntries(readable),
  });
}

/** Anything else may be the secret itself, and must not be shown. */
const isSecretName = /^[A-Z][A-Z0-9_]*$/;

function isReadable(stream: Partial<Stream> | null | undefined): boolean {
  const { scheme, secrets = [] } = stream ?? {};
  const isKnown = typeof scheme === 'string' ? Object.hasOwn(schemes, scheme) : Boolean(scheme);
  return isKnown && Array.isArray(secrets) && secrets.every((name) => isSecretName.test(name));
}

function locate<Problem extends { path: string }>(source: string, problem: Problem) {
  const line = lineOf(source, problem.path);
  return { ...(line !== undefined && { line }), ...problem };
}

/** What must not be deployed as it is, but is right until then. */
function doubts(config: string, file: string, relay: Relay): Finding[] {
  const source = readFileSync(config, 'utf8');
  const placeholders = findPlaceholders(relay).map(({ path, value }) => ({
    path,
    message: `is still the placeholder "${value}"`,
    remedy: 'Write your own value before you deploy. On this machine it does no harm.',
  }));
  const location = locationDoubt(relay);
  return [...placeholders, ...(location ? [{ path: 'location', ...location }] : [])].map(
    (doubt) => ({ file, ...locate(source, doubt) }),
  );
}

/** Only warnings: a deployment has its own secrets, and those of this machine must not stop it. */
async function checkSecretsFile(file: string, relay: Relay | undefined): Promise<Findings> {
  let secrets: NodeJS.ProcessEnv;
  try {
    secrets = readSecrets(file);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const { remedy } = errors[error.code];
    return { problems: [{ file, path: '', message: error.message, remedy }], warnings: [] };
  }
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const warnings: Finding[] = [];
  for (const stream of relay?.streams.values() ?? []) {
    for (const message of await misreadSecrets(stream, (name) => secrets[name])) {
      const path = stream.secrets.find((name) => message.startsWith(`${name} `)) ?? '';
      warnings.push(secretWarning(file, lines, path, message.slice(path.length + 1)));
    }
    for (const path of stream.secrets) {
      const value = secrets[path] ?? '';
      if (value === value.trim()) continue;
      const message = 'begins or ends with white space, or with a line break';
      warnings.push(secretWarning(file, lines, path, message));
    }
  }
  for (const { name, problem } of receiverUrlProblems(relay?.alerts, secrets)) {
    const warning = secretWarning(file, lines, name, problem);
    const remedy = `Set it to the URL of the receiver, here or where the subscriber runs, then run \`npx tributary alerts test ${name}\`.`;
    warnings.push({ ...warning, remedy });
  }
  return { problems: [], warnings };
}

function secretWarning(
  file: string,
  lines: readonly string[],
  path: string,
  message: string,
): Finding {
  const at = lines.findIndex((line) => line.startsWith(`${path}=`));
  const remedy = 'Set it again, exactly as the sender shows it.';
  return { file, ...(at >= 0 && { line: at + 1 }), path, message, remedy };
}
