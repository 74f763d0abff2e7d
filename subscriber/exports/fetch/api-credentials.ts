import { apiUrlProblem } from '../../../shared/config/check/api-url.ts';
import { secretPrefix } from '../../../shared/config/secrets.ts';

export interface ApiAccess {
  url: string;
  key: string;
}

export interface ConfiguredApi {
  /** The stream's. */
  name: string;
  /** Of the config; `<STREAM>_API_URL` goes over it. */
  url: string | undefined;
  /** Why the key is needed. */
  keyIsFor: string;
  /** Told where neither says where the API is. */
  noUrl: string;
}

/** A header takes nothing else. */
const printable = /^[\x20-\x7e]+$/;

/**
 * Where a stream's API is, and the key to it, by the environment. Undefined with a problem, or several: none
 * of them quotes the key.
 */
export function readApiAccess(
  environment: NodeJS.ProcessEnv,
  { name, url: configured, keyIsFor, noUrl }: ConfiguredApi,
  problems: string[],
): ApiAccess | undefined {
  const prefix = secretPrefix(name);
  // A secret's file often ends in a line break, which no header may hold.
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
  return 'holds a line break, or a character that is none of printable ASCII: copy it again';
}
