import type { Behaviours } from '../beds/pubsub-clients.ts';

/** Rows that one page of Google's documents. */
export interface Area<Target> {
  page: string;
  rows: Behaviours<Target>;
}

interface Difference {
  name: string;
  /** Google's page, or the file of the statement. */
  page: string;
  reason: string;
}

export interface SuiteReport {
  suite: string;
  /** Why nothing was run. */
  skipped?: string;
  passed: number;
  differences: Difference[];
  /** Known, and why they are there. */
  onPurpose: Difference[];
}

/** A row that takes longer has failed: a call that is never answered is a difference as well. */
const limitMs = 60_000;
/** Most of a row is waiting. */
const parallel = 8;

/**
 * Runs every row.
 *
 * @param known the rows that differ on purpose, with the reason
 */
export async function runRows<Target>(
  suite: string,
  areas: readonly Area<Target>[],
  target: Target,
  known: Readonly<Record<string, string>> = {},
): Promise<SuiteReport> {
  const report: SuiteReport = { suite, passed: 0, differences: [], onPurpose: [] };
  const waiting = areas.flatMap(({ page, rows }) =>
    Object.entries(rows).map(([name, run]) => ({ page, name, run })),
  );
  const names = new Set(waiting.map(({ name }) => name));
  for (const name of Object.keys(known)) {
    if (!names.has(name)) throw new Error(`there is no row "${name}", which is to differ`);
  }
  const work = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const { page, name } = row;
      const failure = await failureOf(row.run(target));
      const why = known[name];
      if (failure === undefined && why === undefined) report.passed++;
      else if (failure === undefined) {
        report.differences.push({ name, page, reason: `no longer differs: ${why}` });
      } else if (why === undefined) report.differences.push({ name, page, reason: failure });
      else report.onPurpose.push({ name, page, reason: why });
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return report;
}

async function failureOf(run: Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([run, late]);
    return undefined;
  } catch (error) {
    const { message, diff } = error as Error & { diff?: string };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin so.
    return `${message}${diff ? `\n${diff}` : ''}`.replace(/\u001b\[\d+m/g, '').slice(0, 600);
  } finally {
    clearTimeout(timer);
  }
}
