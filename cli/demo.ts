import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { type DemoProgress, type DemoReport, runDemo } from '../local/demo/demo.ts';
import { relay } from '../local/demo/relay.ts';
import { terminalJson, terminalLines } from '../shared/terminal-text.ts';
import { installLocalParts } from './local-parts.ts';
import { drawTable } from './terminal/draw-table.ts';
import { isQuiet, jsonOption, printJson } from './terminal/manners.ts';
import { describePartLine } from './terminal/part-log.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description('relay a few hundred webhooks end to end on this machine, and check the tables')
    .addOption(jsonOption())
    .option('--verbose', 'print the logs of every part', false)
    .action(demo);
}

async function demo(options: { json: boolean; verbose: boolean }): Promise<void> {
  installLocalParts();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const begun = Date.now();
  const progress = new ProgressLine(options.json || isQuiet());
  try {
    const report = await runDemo({
      signal: stop.signal,
      onProgress: (now) => progress.show(now),
      onLine: (part, line) => {
        // Standard output is for the result.
        if (options.verbose) console.error(describePartLine(part, line, process.stderr));
      },
    });
    progress.end();
    if (options.json) printJson(toDocument(report));
    else process.stdout.write(toText(report, Date.now() - begun));
    if (report.problems.length > 0) process.exitCode = 1;
  } finally {
    progress.end();
  }
}

/** A progress bar on standard error; nothing is shown if that is not a terminal. */
class ProgressLine {
  readonly #bar: SingleBar;

  constructor(isSilent: boolean) {
    this.#bar = new SingleBar({
      format: '{bar} {answered}/{deliveries} answered · {rows}/{expectedRows} rows',
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
    });
    if (isSilent) return;
    process.stderr.write('Starting the edge, Pub/Sub, the subscriber and BigQuery …\n');
  }

  show(progress: DemoProgress): void {
    if (!this.#bar.isActive) this.#bar.start(progress.deliveries * 2, 0, progress);
    const share = progress.expectedRows === 0 ? 0 : progress.rows / progress.expectedRows;
    this.#bar.update(progress.answered + share * progress.deliveries, progress);
  }

  end(): void {
    this.#bar.stop();
  }
}

function toDocument({ streams, freshnessMs, problems }: DemoReport): object {
  return { streams, freshnessMs, ok: problems.length === 0 };
}

function toText(report: DemoReport, tookMs: number): string {
  const counts = Object.entries(report.streams).map(([name, stream]) =>
    [name, stream.sent, stream.accepted, stream.filtered, stream.rejected, stream.rows].map(String),
  );
  const head = ['stream', 'sent', 'accepted', 'filtered', 'rejected', 'rows'];
  const { p50, p95 } = report.freshnessMs;
  return [
    ...Object.entries(report.samples).map(
      ([name, rows]) => `${relay.streams.get(name)?.table}\n${rows.map(toLine).join('\n')}\n`,
    ),
    drawTable([head, ...counts], ['left', 'right', 'right', 'right', 'right', 'right']).trimEnd(),
    'An accepted delivery of absmartly announces a ZIP. Its rows are those of the CSV files in the ZIP.',
    `Freshness (edge → queryable): p50 ${p50} ms, p95 ${p95} ms. Took ${(tookMs / 1000).toFixed(1)} s.`,
    ...(report.problems.length === 0
      ? ['Every accepted delivery is in its table once, and nothing else is.']
      : [
          'What does not add up:',
          ...report.problems.map((problem) => `  ${terminalLines(problem)}`),
        ]),
    '',
  ].join('\n');
}

/** One row, cut to the width of a terminal. */
function toLine(row: Record<string, unknown>): string {
  // Google's client wraps times and dates in objects.
  const text = terminalJson(
    JSON.stringify(row, (_, cell: unknown) =>
      typeof cell === 'object' && cell !== null && 'value' in cell ? cell.value : cell,
    ),
  );
  const width = (process.stdout.columns ?? 80) - 2;
  return `  ${text.length > width ? `${text.slice(0, width - 1)}…` : text}`;
}
