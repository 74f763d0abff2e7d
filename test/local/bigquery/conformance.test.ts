// GoogleSQL statements with the answers that Google documents: test/fixtures/googlesql/.

import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { countVerdicts, readCases, runCases } from '../../beds/googlesql-cases.ts';

const FOLDER = 'test/fixtures/googlesql';

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
});

afterAll(() => server.stop());

// Some hundred statements take a while on a busy machine.
test.each(readdirSync(FOLDER))(
  'no statement of %s is answered wrongly',
  { timeout: 180_000 },
  async (file) => {
    const findings = await runCases(server, readCases(`${FOLDER}/${file}`));
    const counts = countVerdicts(findings);
    const times = findings.map(({ ms }) => ms).sort((a, b) => a - b);
    console.log(file, counts, `median ${times[times.length >> 1]?.toFixed(1)} ms`);
    const bad = findings.filter(({ verdict }) => !verdict.startsWith('r'));
    expect(bad).toEqual([]);
  },
);
