import type { Feed } from '../../console/live/feed.ts';
import type { Relay } from '../../shared/config/config.ts';
import type { Log } from '../log.ts';
import { WrittenCounts } from '../logs/written-counts.ts';
import { loadExporter } from '../otlp/load-exporter.ts';
import { readTraceSettings } from '../traces/trace-settings.ts';
import { Traces } from '../traces/traces.ts';
import { type Metrics, noMetrics, type SubscriberState } from './metrics.ts';
import { MetricsRecorder } from './metrics-recorder.ts';
import { readMetricsSettings } from './metrics-settings.ts';

/** How long a stop may wait for the collector to take the last metrics and spans. */
const lastExportMs = 500;

export interface TelemetryOptions {
  environment: NodeJS.ProcessEnv;
  relay: Relay;
  log: Log;
  /** Where what was written is logged as counts: how many rows of a stream were written since the start. */
  rowsOf?: ((stream: string) => number | undefined) | undefined;
  /** The console's, if there is one. */
  feed?: Feed | undefined;
}

/** Whoever watches the relay. The parts report to `metrics` and `traces`. */
export interface Telemetry {
  metrics: Metrics;
  /** Absent where no traces are exported. */
  traces: Traces | undefined;
  /** Exports metrics from now on, if the environment asks for it. */
  start(state: () => SubscriberState): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens what `OTEL_*` asks for, the counts of the log, and the console's feed. Exporters are loaded only where they are
 * asked for, and before anything is pulled.
 *
 * @throws RelayError `environment.invalid`, `environment.packages`
 */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { environment, relay, log, rowsOf, feed } = options;
  const { topic, subscription } = relay;
  const metricsSettings = readMetricsSettings(environment);
  const traceSettings = readTraceSettings(environment);
  const exporter =
    metricsSettings && (await loadExporter(() => import('./open-telemetry.ts'))).startOpenTelemetry;
  const spans =
    traceSettings &&
    (await loadExporter(() => import('../traces/export-spans.ts'))).startSpanExport(
      traceSettings,
      log,
    );
  const recorder =
    metricsSettings && new MetricsRecorder({ subscription, streams: [...relay.streams.keys()] });
  const counts = rowsOf && new WrittenCounts({ log, rowsOf });
  const recorded = recorder ?? noMetrics;
  const counted = counts?.count(recorded) ?? recorded;
  let exporting: { stop(withinMs: number): Promise<void> } | undefined;
  return {
    metrics: feed?.listen(counted) ?? counted,
    traces: spans && new Traces({ topic, subscription, ...spans }),
    async start(state) {
      if (!recorder || !metricsSettings) return;
      exporting = await exporter?.(metricsSettings, () => recorder.collect(state()), log);
    },
    async stop() {
      counts?.stop();
      await Promise.all([exporting, spans].map((part) => part?.stop(lastExportMs)));
    },
  };
}
