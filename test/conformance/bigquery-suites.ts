import type { BigQueryTarget } from './bigquery-target.ts';
import { knownDifferences, type TargetKind } from './known-differences.ts';
import { runRows, type SuiteReport } from './row.ts';
import { bigqueryAreas } from './rows/bigquery/areas.ts';

export type BigQuerySuite = keyof typeof bigqueryAreas;

/** The rows of one suite, in a dataset that is deleted at the end. */
export async function runBigQuerySuite(
  suite: BigQuerySuite,
  target: BigQueryTarget,
  kind: TargetKind,
): Promise<SuiteReport> {
  await target.open();
  try {
    return await runRows(suite, bigqueryAreas[suite], target, knownDifferences[kind][suite]);
  } finally {
    await target.close();
  }
}
