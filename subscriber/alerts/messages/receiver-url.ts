import type { AlertOptions } from '../../../shared/config/alert-options.ts';

/** What is posted there is sent unencrypted to this machine only. */
const isLoopback = /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/;

/** What is wrong with the URL of a receiver; undefined if nothing is. Never shows it. */
export function receiverUrlProblem(url: string | undefined): string | undefined {
  if (!url?.trim()) return 'is not set';
  const parsed = URL.parse(url.trim());
  if (!parsed) return 'is not a URL';
  if (parsed.username !== '' || parsed.password !== '') return 'must be a URL without a user';
  if (parsed.protocol === 'https:') return undefined;
  if (parsed.protocol === 'http:' && isLoopback.test(parsed.hostname)) return undefined;
  return 'must be an https URL';
}

/** The names of the variables that hold the URLs of the receivers, each with what is wrong with it. */
export function receiverUrlProblems(
  alerts: AlertOptions | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { name: string; problem: string }[] {
  return (alerts?.receivers ?? []).flatMap(({ url: name }) => {
    const problem = receiverUrlProblem(environment[name]);
    return problem === undefined ? [] : [{ name, problem }];
  });
}
