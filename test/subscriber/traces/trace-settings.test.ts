import { describe, expect, it } from 'vitest';
import { readTraceSettings } from '../../../subscriber/traces/trace-settings.ts';

const endpoint = 'http://127.0.0.1:4318';

describe('readTraceSettings', () => {
  it.each([
    [{}],
    [{ OTEL_TRACES_SAMPLER: 'always_on', OTEL_METRICS_EXPORTER: 'otlp' }],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint }],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }],
    [{ OTEL_TRACES_EXPORTER: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' }],
  ])('exports nothing for %j', (environment) => {
    expect(readTraceSettings(environment)).toBeUndefined();
  });

  it.each([
    [{ OTEL_TRACES_EXPORTER: 'otlp' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: '0.1' }],
  ])('has the defaults of the standard for %j', (environment) => {
    expect(readTraceSettings(environment)).toEqual({
      sampler: { ratio: 1, isParentBased: true },
      batches: { maxQueue: 2048, maxBatch: 512, delayMs: 5000, timeoutMs: 30_000 },
    });
  });

  it.each([
    ['always_on', 1, false],
    ['always_off', 0, false],
    ['traceidratio', 0.25, false],
    ['parentbased_always_off', 0, true],
    ['parentbased_traceidratio', 0.25, true],
  ])('takes the sampler %s', (name, ratio, isParentBased) => {
    const settings = readTraceSettings({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_TRACES_SAMPLER: name,
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    expect(settings?.sampler).toEqual({ ratio, isParentBased });
  });

  it('never fills more than the queue holds into a batch', () => {
    const settings = readTraceSettings({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
    expect(settings?.batches).toMatchObject({ maxQueue: 100, maxBatch: 100, delayMs: 20 });
  });

  it('names everything that is wrong, and prints no endpoint', () => {
    let message = '';
    try {
      readTraceSettings({
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'user:planted-secret@host',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '10%',
        OTEL_BSP_MAX_QUEUE_SIZE: '0',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'many',
        OTEL_BSP_SCHEDULE_DELAY: '-1',
        OTEL_BSP_EXPORT_TIMEOUT: '1.5',
      });
    } catch (error) {
      expect(error).toMatchObject({ code: 'environment.invalid' });
      ({ message } = error as Error);
    }
    for (const wrong of [
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      'grpc',
      '10%',
      'OTEL_BSP_MAX_QUEUE_SIZE',
      'many',
      'OTEL_BSP_SCHEDULE_DELAY',
      'OTEL_BSP_EXPORT_TIMEOUT',
    ]) {
      expect(message).toContain(wrong);
    }
    expect(message).not.toContain('planted-secret');
    for (const environment of [
      { OTEL_TRACES_EXPORTER: 'zipkin' },
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    ]) {
      expect(() => readTraceSettings(environment)).toThrow(/may be .*(?:none|parentbased_)/);
    }
  });
});
