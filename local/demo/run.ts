import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Relay } from '../../shared/config.ts';
import { sampleExport } from '../absmartly/sample-export.ts';
import { connectBigQuery } from '../connect.ts';
import type { PartName } from '../part.ts';
import { makeSecrets } from '../secrets.ts';
import { startStack } from '../stack.ts';
import { type PlannedDelivery, planDeliveries } from './plan.ts';
import { type Answer, sendAll } from './send.ts';
import { Tables } from './tables.ts';
import { Watch } from './watch.ts';

interface StreamCounts {
  sent: number;
  accepted: number;
  filtered: number;
  rejected: number;
  /** Counted in the table. */
  rows: number;
}

export interface DemoReport {
  streams: Record<string, StreamCounts>;
  /** From the edge's receipt to the row's being queryable, over the streams of rows. */
  freshnessMs: { p50: number; p95: number };
  /** What did not add up; empty when all did. */
  problems: string[];
  /** A few rows of each table. */
  samples: Record<string, Record<string, unknown>[]>;
}

export interface DemoProgress {
  answered: number;
  deliveries: number;
  rows: number;
  expectedRows: number;
}

export interface DemoOptions {
  relay: Relay;
  onProgress: (progress: DemoProgress) => void;
  onLine: (part: PartName, line: string) => void;
  signal: AbortSignal;
}

/** How long the last row may take after the last answer. */
const patienceMs = 60_000;
/** How long the tables are watched after the last row, for one too many. */
const settleMs = 300;

/**
 * The main job, end to end: starts the relay on free ports with state of its own, sends what three kinds of
 * senders send, waits for the rows, and compares the tables with what was answered.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { relay } = options;
  const directory = await mkdtemp(join(tmpdir(), 'tributary-demo-'));
  const secrets = makeSecrets(relay);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  options.signal.addEventListener('abort', () => ended.reject(options.signal.reason));
  try {
    const stack = await startStack({
      relay,
      directory,
      secrets,
      ports: { edge: 0, pubsub: 0, bigquery: 0, bigqueryGrpc: 0, absmartly: 0 },
      onLine: options.onLine,
      onExit: (part, how) => ended.reject(new Error(`${part} ended by itself (${how})`)),
    });
    try {
      const edge = `http://127.0.0.1:${stack.ports.edge}`;
      const deliveries = await planDeliveries({ relay, secrets, edge, now: Date.now() });
      const bigquery = connectBigQuery(relay.project, stack.ports.bigquery);
      const tables = new Tables(bigquery, relay.project);
      return await Promise.race([ended.promise, relayAll(options, deliveries, tables)]);
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function relayAll(
  { relay, onProgress }: DemoOptions,
  deliveries: readonly PlannedDelivery[],
  tables: Tables,
): Promise<DemoReport> {
  const watch = new Watch(tables, [
    { table: tableOf(relay, 'datanostro'), idColumn: 'delivery_id' },
    { table: tableOf(relay, 'crm'), idColumn: 'hit_id' },
  ]);
  const exportsTable = tableOf(relay, 'absmartly');
  const progress = { answered: 0, deliveries: deliveries.length, rows: 0, expectedRows: 0 };

  const answers = await sendAll(deliveries, (answer) => {
    progress.answered++;
    if (answer.deliveryId && !answer.delivery.announces) progress.expectedRows++;
    onProgress({ ...progress, rows: watch.firstSeen.size });
  });
  const exportRows = expectedExportRows(answers);
  progress.expectedRows += exportRows;
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(50)) {
    progress.rows = watch.firstSeen.size + (await tables.count(exportsTable));
    onProgress(progress);
    if (progress.rows >= progress.expectedRows) break;
  }
  await sleep(settleMs);
  await watch.stop();

  const problems = [
    ...unexpectedAnswers(answers),
    ...(await compareIds(
      tables,
      answers,
      tableOf(relay, 'datanostro'),
      'datanostro',
      'delivery_id',
    )),
    ...(await compareIds(tables, answers, tableOf(relay, 'crm'), 'crm', 'hit_id')),
    ...compareCount('absmartly', await tables.count(exportsTable), exportRows),
    ...compareCount('dead letters', await tables.count(relay.deadLetters), 0),
  ];
  const names = [...relay.streams.keys()];
  return {
    streams: Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [name, await countStream(tables, answers, relay, name)]),
      ),
    ),
    freshnessMs: freshness([...watch.firstSeen]),
    problems,
    samples: Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [
          name,
          await tables.select('*', tableOf(relay, name), 'LIMIT 3'),
        ]),
      ),
    ),
  };
}

function tableOf(relay: Relay, stream: string): string {
  return relay.streams.get(stream)?.table ?? '';
}

async function countStream(
  tables: Tables,
  answers: readonly Answer[],
  relay: Relay,
  stream: string,
): Promise<StreamCounts> {
  const own = answers.filter((answer) => answer.delivery.stream === stream);
  const count = (outcome: Answer['outcome']) =>
    own.filter((answer) => answer.outcome === outcome).length;
  return {
    sent: own.length,
    accepted: count('accepted'),
    filtered: count('filtered'),
    rejected: count('rejected'),
    rows: await tables.count(tableOf(relay, stream)),
  };
}

/** An export that was announced twice is loaded once. */
function expectedExportRows(answers: readonly Answer[]): number {
  const announced = new Map<string, number>();
  for (const { delivery, outcome } of answers) {
    if (outcome !== 'accepted' || !delivery.announces) continue;
    const { exportId, experimentId } = delivery.announces;
    const { files } = sampleExport(exportId, experimentId);
    announced.set(
      `${exportId} ${experimentId}`,
      files.reduce((sum, file) => sum + file.rows, 0),
    );
  }
  return [...announced.values()].reduce((sum, rows) => sum + rows, 0);
}

function unexpectedAnswers(answers: readonly Answer[]): string[] {
  return answers
    .filter((answer) => answer.outcome !== answer.delivery.expected)
    .map(
      ({ delivery, outcome, status }) =>
        `${delivery.stream}: a delivery that should be ${delivery.expected} was ${outcome} (${status})`,
    );
}

/** Every accepted delivery is a row, once, and no row is anything else. */
async function compareIds(
  tables: Tables,
  answers: readonly Answer[],
  table: string,
  stream: string,
  idColumn: string,
): Promise<string[]> {
  const accepted = new Set(
    answers.flatMap(({ delivery, deliveryId }) =>
      delivery.stream === stream && deliveryId ? [deliveryId] : [],
    ),
  );
  const ids = await tables.values(table, idColumn);
  const missing = accepted.difference(new Set(ids)).size;
  const extra = new Set(ids).difference(accepted).size;
  const twice = ids.length - new Set(ids).size;
  return [
    ...(missing > 0 ? [`${stream}: ${missing} accepted deliveries are not in ${table}`] : []),
    ...(extra > 0 ? [`${stream}: ${extra} rows of ${table} are no accepted delivery`] : []),
    ...(twice > 0 ? [`${stream}: ${twice} rows of ${table} are there twice`] : []),
  ];
}

function compareCount(what: string, rows: number, expected: number): string[] {
  return rows === expected ? [] : [`${what}: ${rows} rows where ${expected} were expected`];
}

/** The id is a UUIDv7: its first 48 bits are the edge's clock at receipt, in Unix milliseconds (RFC 9562, 5.7). */
function freshness(firstSeen: readonly [string, number][]): { p50: number; p95: number } {
  const ages = firstSeen
    .map(([id, seenAt]) => seenAt - Number.parseInt(id.replace('-', '').slice(0, 12), 16))
    .sort((a, b) => a - b);
  const at = (share: number) =>
    ages[Math.min(ages.length - 1, Math.floor(ages.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}
