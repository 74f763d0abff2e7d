import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HrTime, ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type IMetricReader,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { RelayError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { reportFailures, resourceOf, toHrTime } from '../otlp/otlp-export.ts';
import { type MetricKey, type MetricRow, metricTable } from './metric-table.ts';
import type { HistogramValue, Series } from './metrics-recorder.ts';
import type { MetricsSettings } from './metrics-settings.ts';
import { version } from './version.ts';

const failureMessages = {
  failed: 'the collector does not take the metrics; they are sent again at each interval',
  over: 'the collector takes the metrics again',
};

// Loaded only where the environment asks for metrics: main.ts imports it dynamically.

export type Collect = () => Record<MetricKey, Series[]>;

export interface OpenTelemetry {
  /** Exports a last time, for at most `withinMs`, then ends. Never rejects. */
  stop(withinMs: number): Promise<void>;
}

/**
 * Exports what `collect` returns: when Prometheus asks, or at each interval over OTLP.
 *
 * @throws RelayError `port.taken`; `environment.invalid` if this machine has no such address
 */
export async function startOpenTelemetry(
  { prometheus, otlp }: MetricsSettings,
  collect: Collect,
  log: Log,
): Promise<OpenTelemetry> {
  const resource = resourceOf();
  const producer = producerOf(resource, collect);
  const readers: IMetricReader[] = [];
  let stopServer = () => {};
  if (prometheus) {
    const exporter = new PrometheusExporter({
      preventServerStart: true,
      metricProducers: [producer],
      withoutScopeInfo: true,
    });
    readers.push(exporter);
    stopServer = await serve(exporter, prometheus, log);
  }
  if (otlp) {
    const reader = new PeriodicExportingMetricReader({
      exporter: reportFailures(new OTLPMetricExporter(), failureMessages, log),
      exportIntervalMillis: otlp.intervalMs,
      exportTimeoutMillis: otlp.timeoutMs,
      metricProducers: [producer],
    });
    readers.push(reader);
  }
  const provider = new MeterProvider({ resource, readers });
  return {
    async stop(withinMs) {
      stopServer();
      const ended = provider.shutdown({ timeoutMillis: withinMs }).catch(() => {});
      await Promise.race([ended, sleep(withinMs, undefined, { ref: false })]);
    },
  };
}

async function serve(
  exporter: PrometheusExporter,
  { host, port }: { host: string; port: number },
  log: Log,
): Promise<() => void> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path === '/metrics') return exporter.getMetricsRequestHandler(request, response);
    response.writeHead(404, { 'content-type': 'text/plain' }).end('the metrics are at /metrics\n');
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    if (['EADDRNOTAVAIL', 'ENOTFOUND'].includes((cause as NodeJS.ErrnoException).code ?? '')) {
      const message = `OTEL_EXPORTER_PROMETHEUS_HOST ${host} is not an address of this machine`;
      throw new RelayError('environment.invalid', message, { cause });
    }
    const message = `port ${port} is not free for the metrics (OTEL_EXPORTER_PROMETHEUS_PORT)`;
    throw new RelayError('port.taken', message, { cause });
  }
  const taken = (server.address() as AddressInfo).port;
  log({ severity: 'INFO', message: 'metrics are served at /metrics', host, port: taken });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** The sums as OpenTelemetry's data. They are cumulative, since the start. */
function producerOf(resource: Resource, collect: Collect): MetricProducer {
  const scope = { name: 'tributary', version };
  const startTime = toHrTime(Date.now());
  return {
    async collect() {
      const endTime = toHrTime(Date.now());
      const metrics = Object.entries(collect()).map(([key, series]) =>
        toMetricData(metricTable[key as MetricKey], series, startTime, endTime),
      );
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
}

function toMetricData(
  { name, meaning, unit, kind }: MetricRow,
  series: readonly Series[],
  startTime: HrTime,
  endTime: HrTime,
): MetricData {
  const about = {
    descriptor: { name, description: meaning, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const pointsOf = <Value>(toValue: (value: Series['value']) => Value) =>
    series.map(({ attributes, value }) => ({
      attributes,
      startTime,
      endTime,
      value: toValue(value),
    }));
  if (kind === 'histogram') {
    const dataPoints = pointsOf((value) => {
      const { bounds, counts, sum, count } = value as HistogramValue;
      return { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
    });
    return { ...about, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = pointsOf(Number);
  return kind === 'counter'
    ? { ...about, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...about, dataPointType: DataPointType.GAUGE, dataPoints };
}
