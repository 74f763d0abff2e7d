import * as v from 'valibot';

/** Keys and data are sent unencrypted to this machine only. */
const safe = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/]|$))[^?#@\\\s]*$/i;

const problem = 'must be https, without a user, a query or a fragment';

/** The address of a sender's API, or of a bucket's server. */
export const ApiUrl = v.pipe(v.string(), v.url('must be a URL'), v.regex(safe, problem));

/** What is wrong with an address from the environment; undefined if nothing is. */
export function apiUrlProblem(url: string): string | undefined {
  if (!URL.canParse(url)) return 'is not a URL';
  return safe.test(url) ? undefined : problem;
}
