import { Command, InvalidArgumentError, Option } from 'commander';
import { projectFolder } from '../../subscriber/service/find-config.ts';
import { defaultState } from '../find/running-stack.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import type { CheckResult } from './doctor/check.ts';
import { checks } from './doctor/checks.ts';
import type { Examination, ExaminationOptions } from './doctor/examination.ts';
import { describeResult, describeTotal } from './doctor/print-report.ts';
import { type CheckWatcher, runChecks } from './doctor/run-checks.ts';

interface DoctorOptions extends ExaminationOptions {
  json: boolean;
}

/** What `--json` prints. */
export interface DoctorReport {
  /** No check failed. */
  ok: boolean;
  on?: 'local' | 'google';
  checks: CheckResult[];
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'check everything between a sender and its rows, and say what to do about what is wrong',
    )
    .addOption(
      new Option(
        '--on <place>',
        'which relay to check (default: local if a local stack is running, else google)',
      ).choices(['local', 'google']),
    )
    .option(
      '--to <url>',
      'URL of the edge (default: that of the local stack, or publicUrl)',
      parseEdge,
    )
    .option('--probe <stream>', 'stream of the probe (default: the first that can be signed for)')
    .option('--no-probe', 'send no probe, so that no row is written')
    .option('--wait <seconds>', 'how long the probe waits for its row', parseSeconds, 30)
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .option('--state <folder>', 'state folder of the local stack', defaultState)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nThe probe is a delivery like any other: it becomes a row. The id of its event\nbegins with tributary-probe-, and the command prints how to delete the row.',
    )
    .action(async (options: DoctorOptions) => {
      const report = await examine(options, options.json ? {} : printer());
      if (options.json) printJson(report, 2);
      else process.stdout.write(describeTotal(report.checks));
      await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
      // Exits, because a client of Google's that was given up may keep the process alive.
      process.exit(report.ok ? 0 : 1);
    });
}

/** On a terminal, the check that is under way is shown: some take seconds. */
function printer(): CheckWatcher {
  const { stdout } = process;
  return {
    onStart: ({ title }) => void (stdout.isTTY && stdout.write(`         ${title} …`)),
    onResult: (result) =>
      void stdout.write((stdout.isTTY ? '\r\u001b[K' : '') + describeResult(result)),
  };
}

function parseEdge(text: string): string {
  const url = URL.parse(text);
  const isPlain = url && url.username + url.password + url.search + url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href;
  throw new InvalidArgumentError('the URL of an edge, without user, query and fragment: https://…');
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 60) return seconds;
  throw new InvalidArgumentError('a number of seconds, up to 60');
}

/** @param given replaces what the examination would find by itself, such as the clock */
export async function examine(
  options: ExaminationOptions,
  watcher: CheckWatcher = {},
  given: Partial<Pick<Examination, 'now' | 'origins'>> = {},
): Promise<DoctorReport> {
  const examination: Examination = {
    options,
    now: Date.now,
    folder: projectFolder(),
    ...given,
  };
  const results = await runChecks(checks, examination, watcher);
  const { place } = examination;
  await place?.clients?.pubsub.close().catch(() => {});
  return {
    ok: !results.some(({ state }) => state === 'failed'),
    ...(place && { on: place.isLocal ? 'local' : 'google' }),
    checks: results,
  };
}
