import { errors, RelayError } from '../../../shared/errors.ts';
import { within } from '../../../subscriber/bigquery/tables/table-opening.ts';
import { isDisabled, isForbidden, isNetwork, isUnauthorized } from '../google/google-errors.ts';
import { type Check, type CheckResult, type Finding, failed, skipped } from './check.ts';
import type { Examination } from './examination.ts';

export interface CheckWatcher {
  onStart?: (check: Check) => void;
  onResult?: (result: CheckResult) => void;
}

/**
 * Runs the checks one after the other. Each ends within its time limit. Where one failed, those that need it are
 * skipped, and say which it was.
 *
 * @param watcher is told when a check begins, and what it found
 */
export async function runChecks(
  checks: readonly Check[],
  examination: Examination,
  watcher: CheckWatcher = {},
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  /** What failed at the root, by each check that can't be relied on. */
  const broken = new Map<string, string>();
  for (const check of checks) {
    const { id, title, needs } = check;
    const need = needs.find((each) => broken.has(each));
    const root = need === undefined ? undefined : broken.get(need);
    if (root === undefined) watcher.onStart?.(check);
    const finding =
      root === undefined ? await run(check, examination) : skipped(`"${root}" failed`);
    if (root !== undefined) broken.set(id, root);
    else if (finding.state === 'failed') broken.set(id, title);
    const result = { check: id, title, ...finding };
    results.push(result);
    watcher.onResult?.(result);
  }
  return results;
}

async function run(check: Check, examination: Examination): Promise<Finding> {
  const { withinMs } = check;
  const signal = AbortSignal.timeout(withinMs);
  try {
    return await within(withinMs, Promise.resolve(check.run(examination, signal)));
  } catch (error) {
    return describeFailure(error as Error, check, examination);
  }
}

/** Google's clients put the reason into the first line of the message. */
function describeFailure(error: Error, check: Check, examination: Examination): Finding {
  const [reason = '', ...more] = error.message.split('\n');
  if (error instanceof RelayError) {
    const { remedy } = errors[error.code];
    const problems = more.filter((line) => line.trim() !== '').map((line) => line.trim());
    return {
      ...failed(reason, { remedy }),
      ...(problems.length > 0 && { problems: problems.map((problem) => ({ problem })) }),
    };
  }
  const project = examination.relay?.project ?? '';
  if (isDisabled(error)) {
    return failed(reason, { command: `npx tributary provision   # enables it in ${project}` });
  }
  if (isUnauthorized(error)) {
    return failed(reason, { command: 'gcloud auth application-default login' });
  }
  if (isForbidden(error)) {
    return failed(`you may not look at it: ${reason}`, check.access?.(examination));
  }
  if (isNetwork(error) || /no answer within/.test(reason)) {
    return failed(reason, { remedy: 'Check the network and the proxy, then run this again.' });
  }
  return failed(reason, { remedy: 'Run this again; if it stays, look at the message.' });
}
