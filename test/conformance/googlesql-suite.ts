import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BigQueryBed } from '../beds/bigquery-bed.ts';
import { readCases, runCases } from '../beds/googlesql-cases.ts';
import type { SuiteReport } from './row.ts';

const folder = 'test/fixtures/googlesql';

/** GoogleSQL statements with the answers that BigQuery gives. A wrong answer and an error both differ. */
export async function runGooglesql(server: Pick<BigQueryBed, 'url'>): Promise<SuiteReport> {
  const report: SuiteReport = { suite: 'googlesql', passed: 0, differences: [], onPurpose: [] };
  const root = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
  for (const file of readdirSync(root)) {
    for (const { sql, verdict, got, expected } of await runCases(
      server,
      readCases(`${root}/${file}`),
    )) {
      if (verdict.startsWith('r')) report.passed++;
      else {
        const reason = `${verdict}: ${JSON.stringify(got)}, not ${JSON.stringify(expected)}`;
        report.differences.push({ name: sql, page: `${folder}/${file}`, reason });
      }
    }
  }
  return report;
}
