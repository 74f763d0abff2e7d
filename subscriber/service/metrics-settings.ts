import { RelayError } from '../../shared/errors.ts';
import {
  checkOtlp,
  findEndpoint,
  millisecondsOf,
  type OtlpEndpoint,
} from '../otlp/otlp-settings.ts';

/** Where metrics go, by the standard variables of OpenTelemetry. */
export interface MetricsSettings {
  prometheus?: { host: string; port: number };
  /** The exporter reads its endpoint, headers and timeout from the environment by itself. */
  otlp?: { intervalMs: number; timeoutMs: number };
}

/**
 * Reads `OTEL_METRICS_EXPORTER` and what belongs to it. Without it, an endpoint of OTLP turns OTLP on; nothing else
 * does, so that nothing is loaded for variables that are there for another program.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 *
 * @returns undefined if no metrics are exported
 * @throws RelayError `environment.invalid`, naming everything that is wrong
 */
export function readMetricsSettings(environment: NodeJS.ProcessEnv): MetricsSettings | undefined {
  if (environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return undefined;
  const problems: string[] = [];
  const exporters = exportersOf(environment, problems);
  const settings: MetricsSettings = {
    ...(exporters.has('prometheus') && { prometheus: addressOf(environment, problems) }),
    ...(exporters.has('otlp') && { otlp: pushOf(environment, problems) }),
  };
  if (problems.length > 0) throw new RelayError('environment.invalid', problems.join('\n'));
  return settings.prometheus || settings.otlp ? settings : undefined;
}

function exportersOf(environment: NodeJS.ProcessEnv, problems: string[]): Set<string> {
  const text = environment['OTEL_METRICS_EXPORTER']?.trim();
  if (!text) return new Set(endpointOf(environment) ? ['otlp'] : []);
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !['otlp', 'prometheus', 'none'].includes(name));
  if (unknown.length > 0) {
    problems.push(
      `OTEL_METRICS_EXPORTER is "${text}", and may be prometheus, otlp, both with a comma, or none`,
    );
  }
  return new Set(names);
}

function endpointOf(environment: NodeJS.ProcessEnv): OtlpEndpoint | undefined {
  return findEndpoint('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', environment);
}

function addressOf(environment: NodeJS.ProcessEnv, problems: string[]) {
  const text = environment['OTEL_EXPORTER_PROMETHEUS_PORT'] || '9464';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    problems.push(`OTEL_EXPORTER_PROMETHEUS_PORT is "${text}", which is not a port`);
  }
  return { host: environment['OTEL_EXPORTER_PROMETHEUS_HOST'] || 'localhost', port };
}

function pushOf(environment: NodeJS.ProcessEnv, problems: string[]) {
  const protocol = environment['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'];
  checkOtlp(endpointOf(environment), protocol, environment, problems);
  const intervalMs = millisecondsOf('OTEL_METRIC_EXPORT_INTERVAL', 60_000, environment, problems);
  const timeoutMs = millisecondsOf('OTEL_METRIC_EXPORT_TIMEOUT', 30_000, environment, problems);
  return { intervalMs, timeoutMs: Math.min(timeoutMs, intervalMs) };
}
