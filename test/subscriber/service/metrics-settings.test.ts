import { describe, expect, it } from 'vitest';
import { readMetricsSettings } from '../../../subscriber/service/metrics-settings.ts';

const endpoint = 'http://127.0.0.1:4318';

describe('readMetricsSettings', () => {
  it.each([
    [{}],
    [
      {
        OTEL_SERVICE_NAME: 'x',
        OTEL_RESOURCE_ATTRIBUTES: 'a=b',
        OTEL_EXPORTER_PROMETHEUS_PORT: '1',
      },
    ],
    [{ OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }],
    [{ OTEL_METRICS_EXPORTER: 'prometheus', OTEL_SDK_DISABLED: 'TRUE' }],
    [{ OTEL_METRICS_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  ])('exports nothing for %j', (environment) => {
    expect(readMetricsSettings(environment)).toBeUndefined();
  });

  it('has the defaults of OpenTelemetry', () => {
    expect(readMetricsSettings({ OTEL_METRICS_EXPORTER: 'prometheus' })).toEqual({
      prometheus: { host: 'localhost', port: 9464 },
    });
    expect(readMetricsSettings({ OTEL_METRICS_EXPORTER: 'otlp' })).toEqual({
      otlp: { intervalMs: 60_000, timeoutMs: 30_000 },
    });
    expect(readMetricsSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toHaveProperty('otlp');
  });

  it('takes both exporters, and what belongs to them', () => {
    expect(
      readMetricsSettings({
        OTEL_METRICS_EXPORTER: 'otlp, prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0',
        OTEL_EXPORTER_PROMETHEUS_PORT: '0',
        OTEL_METRIC_EXPORT_INTERVAL: '5000',
      }),
    ).toEqual({
      prometheus: { host: '0.0.0.0', port: 0 },
      otlp: { intervalMs: 5000, timeoutMs: 5000 },
    });
  });

  it('names everything that is wrong, and prints no endpoint', () => {
    const read = () =>
      readMetricsSettings({
        OTEL_METRICS_EXPORTER: 'prometheus,otlp,statsd',
        OTEL_EXPORTER_PROMETHEUS_PORT: '94640',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'user:planted-secret@host',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_METRIC_EXPORT_INTERVAL: '0',
        OTEL_METRIC_EXPORT_TIMEOUT: 'soon',
      });
    expect(read).toThrow(expect.objectContaining({ code: 'environment.invalid' }));
    let message = '';
    try {
      read();
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message.match(/OTEL_\w+(?= (?:is|must))/g)).toEqual([
      'OTEL_METRICS_EXPORTER',
      'OTEL_EXPORTER_PROMETHEUS_PORT',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_METRIC_EXPORT_INTERVAL',
      'OTEL_METRIC_EXPORT_TIMEOUT',
    ]);
    expect(message).not.toContain('planted-secret');
  });
});
