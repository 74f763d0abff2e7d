import { apiUrlProblem } from '../../../shared/config/check/api-url.ts';
import { secretPrefix } from '../../../shared/config/secrets.ts';

export interface ApiCredentials {
  url: string;
  key: string;
}

export interface ConfiguredApi {
  /** The stream's name. */
  name: string;
  /** From the config; `<STREAM>_API_URL` overrides it. */
  url: string | undefined;
  /** Why the key is needed. */
  keyIsFor: string;
  /** The problem when neither names a URL. */
  noUrl: string;
}

/** What a header may contain. */
const printable = /^[\x20-\x7e]+$/;

/**
 * Reads the URL and the key of a stream's API from the environment. Undefined if there are problems; none of
 * them quotes the key.
 */
export function readApiCredentials(
  environment: NodeJS.ProcessEnv,
  { name, url: configured, keyIsFor, noUrl }: ConfiguredApi,
  problems: string[],
): ApiCredentials | undefined {
  const prefix = secretPrefix(name);
  // A secret's file often ends in a line break, which a header must not contain.
  const key = environment[`${prefix}_API_KEY`]?.trim();
  const url = environment[`${prefix}_API_URL`] ?? configured;
  const keyProblem = problemOfKey(key, keyIsFor);
  const urlProblem = url ? apiUrlProblem(url) : undefined;
  if (keyProblem) problems.push(`${prefix}_API_KEY ${keyProblem}`);
  if (!url) problems.push(noUrl);
  else if (urlProblem) problems.push(`${prefix}_API_URL ${urlProblem}`);
  return key && url && !keyProblem && !urlProblem ? { url, key } : undefined;
}

function problemOfKey(key: string | undefined, isFor: string): string | undefined {
  if (!key) return `is not set: ${isFor}`;
  if (printable.test(key)) return undefined;
  return 'contains a line break or a character outside printable ASCII: copy it again';
}
