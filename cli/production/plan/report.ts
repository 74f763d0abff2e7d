import { terminalText } from '../../../shared/terminal-text.ts';
import type { Result, ResultState } from './plan.ts';

const stateWidth = 'would create'.length;
const kindWidth = 'service-account'.length;

/** One line, and below it what is changed or wrong. */
export function describeResult({ state, kind, name, details, remedy }: Result): string {
  const head = `${state.padEnd(stateWidth)}  ${kind.padEnd(kindWidth)}  ${terminalText(shorten(name))}`;
  const more = [...details, ...(remedy === undefined ? [] : [`→ ${remedy}`])];
  const indent = ' '.repeat(stateWidth + 2);
  return [head, ...more.map((line) => indent + terminalText(line))]
    .map((line) => `${line}\n`)
    .join('');
}

/** What a person knows without being told: a line fits 80 columns. */
function shorten(name: string): string {
  return name.replace(/^roles\/(\S+) on [\w-]+ /, '$1 on ').replace('.iam.gserviceaccount.com', '');
}

const totals: ResultState[] = [
  'created',
  'updated',
  'would create',
  'would update',
  'unchanged',
  'unknown',
  'skipped',
  'failed',
];

/** How many of each state, and what comes next. */
export function describeTotal(
  results: readonly Result[],
  { dryRun, isLocal, keyFile }: { dryRun: boolean; isLocal: boolean; keyFile: string },
): string {
  const counts = totals.flatMap((state) => {
    const count = results.filter((result) => result.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const lines = ['', `${counts.join(', ')}.`];
  const has = (...states: ResultState[]) => results.some(({ state }) => states.includes(state));
  const key = results.find(({ kind }) => kind === 'key');
  if (has('failed')) {
    lines.push('Follow the arrows, then run it again: it goes on from here.');
  } else if (!has('created', 'updated', 'would create', 'would update', 'unknown')) {
    lines.push('Nothing to change: all is as the config says.');
  }
  if (key?.state === 'created') {
    lines.push(
      `${keyFile} holds the Worker's key until \`tributary deploy\` has given it to Cloudflare.`,
    );
  }
  if (!dryRun && !isLocal && !has('failed')) lines.push('Next: npx tributary deploy');
  return lines.map((line) => `${line}\n`).join('');
}
