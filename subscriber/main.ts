import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import type { Relay } from '../shared/config/config.ts';
import { openTables } from './bigquery/tables/open-tables.ts';
import { DeadLetterQueue } from './dead-letters/dead-letter-queue.ts';
import { ReplayResults } from './dead-letters/replay-results.ts';
import { readEnvironment, readStopTime } from './environment.ts';
import { ExportQueue } from './exports/export-queue.ts';
import { LedgerWriter } from './ledger/settled/ledger-writer.ts';
import { Settlements } from './ledger/settled/settlements.ts';
import type { Log } from './log.ts';
import { openLog } from './logs/open-log.ts';
import { WrittenCounts } from './logs/written-counts.ts';
import { loadExporter } from './otlp/load-exporter.ts';
import { Pipeline } from './pipeline.ts';
import { InFlightLimit } from './pull/in-flight-limit.ts';
import { Pull } from './pull/pull.ts';
import { openPullClient } from './pull/pull-client.ts';
import { prepareSubscription, pullLimits } from './pull/subscription.ts';
import { readinessOf } from './service/health.ts';
import { loadRelay } from './service/load-relay.ts';
import { noMetrics, type SubscriberState } from './service/metrics.ts';
import { MetricsRecorder } from './service/metrics-recorder.ts';
import { readMetricsSettings } from './service/metrics-settings.ts';
import { runMode, type Subscriber } from './service/modes.ts';
import { keepHeapSmall, subscriberHeap } from './service/small-heap.ts';
import { readTraceSettings } from './traces/trace-settings.ts';
import { Traces } from './traces/traces.ts';

export interface SubscriberSettings {
  /** The one of tributary.config.ts by default. */
  relay?: Relay;
  log?: Log;
  /** How long an append may stay unanswered; 30 s by default. */
  appendTimeoutMs?: number;
  /** Whether it logs what was written as counts, each second; by default on a terminal. */
  logsCounts?: boolean;
}

/** Part of the flow control's limits: Pub/Sub counts a message until its ack has arrived. */
const inFlightShare = 0.85;

/** Whether its log is read by a person while it runs. */
function isOnTerminal({ log }: SubscriberSettings): boolean {
  return log === undefined && process.stdout.isTTY;
}

/** The name by which the metrics have the table of the dead letters, beside the streams. */
const deadLetterTable = 'tributary.dead_letters';

/** How long a stop may wait for the collector to take the last metrics. */
const lastExportMs = 500;

/**
 * Opens the tables, then the subscription, and relays until it is stopped.
 *
 * @param onFailure called when the subscription can't be pulled from any more, and waiting would not help
 * @throws RelayError `config.*`, `environment.invalid`, `bigquery.credentials`, `subscription.dead-letter-topic`
 */
export async function startSubscriber(
  environment: NodeJS.ProcessEnv,
  onFailure: () => void,
  settings: SubscriberSettings = {},
): Promise<Subscriber> {
  const { appendTimeoutMs, logsCounts = isOnTerminal(settings) } = settings;
  const relay = settings.relay ?? (await loadRelay());
  const { log = openLog({ project: relay.project, names: relay.streams.keys() }) } = settings;
  const { storageEndpoint, exportApis } = readEnvironment(environment, relay);
  const stopTime = readStopTime(environment);
  const metricsSettings = readMetricsSettings(environment);
  const recorder =
    metricsSettings &&
    new MetricsRecorder({
      subscription: relay.subscription,
      streams: [...relay.streams.keys()],
    });
  const counts =
    logsCounts &&
    new WrittenCounts({ log, rowsOf: (stream) => tables.rows.get(stream)?.queue.rowsWritten });
  const metrics = counts ? counts.count(recorder ?? noMetrics) : (recorder ?? noMetrics);
  const traceSettings = readTraceSettings(environment);
  const exportMetrics =
    metricsSettings &&
    (await loadExporter(() => import('./service/open-telemetry.ts'))).startOpenTelemetry;
  const spans =
    traceSettings &&
    (await loadExporter(() => import('./traces/export-spans.ts'))).startSpanExport(
      traceSettings,
      log,
    );
  const { topic, subscription: name } = relay;
  const traces = spans && new Traces({ topic, subscription: name, ...spans });
  const bigquery = new BigQuery({ projectId: relay.project, location: relay.location });
  const inFlight = new InFlightLimit({
    messages: pullLimits.messages * inFlightShare,
    bytes: pullLimits.bytes * inFlightShare,
  });
  const tables = await openTables({
    relay,
    bigquery,
    ...(storageEndpoint && { storageEndpoint }),
    ...(appendTimeoutMs !== undefined && { appendTimeoutMs }),
    inFlight,
    log,
    metrics,
    traces,
  });
  const exports = new ExportQueue({
    relay,
    bigquery,
    apis: exportApis,
    directory: tmpdir(),
    log,
    metrics,
  });
  const deadLetters = new DeadLetterQueue({ table: tables.deadLetters, inFlight, log });
  const ledger = new LedgerWriter({
    table: tables.reports.ledger,
    inFlight: () => pipeline.inFlight(),
  });
  const pipeline: Pipeline = new Pipeline({
    relay,
    tables: tables.rows,
    reports: tables.reports,
    settlements: new Settlements({ relay, ledger }),
    deadLetters,
    exports,
    inFlight,
    replays: new ReplayResults(tables.replays),
    log,
    metrics,
    traces,
  });

  const state = (): SubscriberState => ({
    pulled: pipeline.pulled,
    inFlight,
    oldestReceivedAt: pipeline.oldestReceivedAt,
    tables: [
      ...[...tables.rows].map(
        ([
          stream,
          {
            queue: { rowsWritten, isRefused },
          },
        ]) => ({
          stream,
          rowsWritten,
          isRefused,
        }),
      ),
      {
        stream: deadLetterTable,
        isRefused: tables.deadLetters.queue.isRefused || deadLetters.refused > 0,
      },
    ],
  });
  const telemetry =
    recorder && (await exportMetrics?.(metricsSettings, () => recorder.collect(state()), log));

  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await prepareSubscription(pubsub, relay, log);
  const pull = new Pull({
    client: await openPullClient(pubsub, subscription),
    subscription,
    limits: pullLimits,
    onMessage: (message) => void pipeline.handle(message),
    onFailure: ({ message: cause }) => {
      log({ severity: 'ERROR', message: 'the subscription failed', cause });
      onFailure();
    },
    log,
  });
  const { alerts: alertOptions } = relay;
  const alerts =
    alertOptions &&
    (await import('./alerts/start-alerts.ts').then(({ startAlerts }) =>
      startAlerts(alertOptions, { relay, bigquery, environment, state, log }),
    ));
  log({ severity: 'INFO', message: 'the subscriber is ready', subscription: relay.subscription });

  return {
    get pulled() {
      return pipeline.pulled;
    },
    get acked() {
      return pipeline.acked;
    },
    get nacked() {
      return pipeline.nacked;
    },
    get inFlight() {
      return inFlight.messages;
    },
    get rowsWritten() {
      return [...tables.rows.values()].reduce((sum, { queue }) => sum + queue.rowsWritten, 0);
    },
    get deadLettersWritten() {
      return tables.deadLetters.queue.rowsWritten;
    },
    get readiness() {
      const refused = tables.deadLetters.queue.isRefused ? 'all' : deadLetters.refused;
      const health = [...tables.rows].map(([stream, { queue }]) => {
        const { isRefused, rowsWritten } = queue;
        return { stream, isRefused, rowsWritten };
      });
      return readinessOf(health, refused);
    },
    find: (deliveryId) => pipeline.find(deliveryId),
    async stop() {
      const closeBy = performance.now() + stopTime.withinMs;
      const stopped = pull.stop();
      await Promise.all([
        alerts?.stop(),
        deadLetters.close(),
        exports.close(),
        tables.close(stopTime.graceMs, () => ledger.flush()),
      ]);
      ledger.stop();
      await stopped;
      if (counts) counts.stop();
      await pull.close(closeBy - performance.now());
      await pubsub.close();
      await Promise.all([telemetry, spans].map((exporting) => exporting?.stop(lastExportMs)));
    },
  };
}

if (import.meta.main) {
  keepHeapSmall(subscriberHeap);
  const { argv, env } = process;
  process.exit(await runMode(argv.slice(2), env, (onFailure) => startSubscriber(env, onFailure)));
}
