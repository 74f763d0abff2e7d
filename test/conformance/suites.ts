import { type BigQuerySuite, runBigQuerySuite } from './bigquery-suites.ts';
import { BigQueryTarget } from './bigquery-target.ts';
import { runGooglesql } from './googlesql-suite.ts';
import { knownDifferences, type TargetKind } from './known-differences.ts';
import { runPython } from './python-suite.ts';
import { runRows, type SuiteReport } from './row.ts';
import { pubsubAreas } from './rows/pubsub/areas.ts';
import { startEmulator, startLocalBigQuery, startLocalPubsub, useGooglePubsub } from './targets.ts';

type Run = (kind: TargetKind) => Promise<SuiteReport>;

const notHere = (suite: string, skipped: string): SuiteReport => {
  return { suite, skipped, passed: 0, differences: [], onPurpose: [] };
};

const pubsub: Run = async (kind) => {
  const target =
    kind === 'local'
      ? await startLocalPubsub()
      : kind === 'emulator'
        ? await startEmulator()
        : useGooglePubsub();
  if (!target) return notHere('pubsub', "Google's Pub/Sub emulator is not installed");
  try {
    const areas = Object.values(pubsubAreas);
    return await runRows('pubsub', areas, target.given, knownDifferences[kind]['pubsub']);
  } finally {
    await target.stop();
  }
};

/** A suite of a local BigQuery alone. */
function onLocalBigQuery(
  suite: string,
  run: (ports: { rest: number; grpc: number }) => Promise<SuiteReport>,
): Run {
  return async (kind) => {
    if (kind !== 'local') return notHere(suite, 'it runs against the local servers only');
    const server = await startLocalBigQuery();
    try {
      return await run(server.given);
    } finally {
      await server.stop();
    }
  };
}

const bigquery =
  (suite: BigQuerySuite): Run =>
  async (kind) => {
    if (kind === 'emulator') return notHere(suite, 'Google has no emulator of BigQuery');
    if (kind === 'google') return await runBigQuerySuite(suite, new BigQueryTarget(), kind);
    const local = onLocalBigQuery(suite, (ports) =>
      runBigQuerySuite(suite, new BigQueryTarget(ports), kind),
    );
    return await local(kind);
  };

/** Every suite, by its name, in the order in which they run. */
export const suites: Readonly<Record<string, Run>> = {
  googlesql: onLocalBigQuery('googlesql', ({ rest }) =>
    runGooglesql({ url: `http://127.0.0.1:${rest}` }),
  ),
  pubsub,
  'bigquery-rest': bigquery('bigquery-rest'),
  'storage-write': bigquery('storage-write'),
  'storage-read': bigquery('storage-read'),
  python: onLocalBigQuery('python', runPython),
};
