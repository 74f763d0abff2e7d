import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { metricTable } from '../../../subscriber/service/metric-table.ts';
import { startOtlpBed } from '../../beds/otlp-bed.ts';
import { scrape } from '../../beds/scrape.ts';
import {
  patience,
  printModules,
  serveSubscribers,
  warningsOf,
} from '../../beds/served-subscribers.ts';
import type { SubscriberProcess } from '../../beds/subscriber-bed.ts';
import { relay } from '../../beds/subscriber-process.ts';

const served = serveSubscribers();
const { start } = served;

const prometheus = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' };

function portOf(subscriber: SubscriberProcess): number {
  const served = 'metrics are served at /metrics';
  return Number(subscriber.lines.find(({ message }) => message === served)?.['port']);
}

const exporting =
  /loaded .*(?:sdk-metrics|exporter-prometheus|exporter-metrics-otlp|otlp-transformer)/;

describe('the metrics of a subscriber', { timeout: 120_000 }, () => {
  it('are what Prometheus reads after known deliveries', async () => {
    const subscriber = await start(prometheus);
    const port = portOf(subscriber);
    const idle = await scrape(port);
    expect(idle.get('tributary_rows_written_total{stream="plain"}')).toBe(0);
    expect(idle.get('tributary_in_flight_fullness')).toBe(0);
    await served.bed.publish('plain', 7);
    await served.bed.publish('keyed', 2, (n) => JSON.stringify({ id: `e${n}`, event_name: 'x' }));
    await served.bed.publish('keyed', 3, () => JSON.stringify({ id: 'e', created_at: 'no time' }));
    await served.bed.publish('gone', 4);
    const messages = `{messaging_system="gcp_pubsub",messaging_operation_name="process",messaging_destination_subscription_name="${relay.subscription}"}`;
    await expect
      .poll(
        async () => (await scrape(port)).get(`messaging_process_duration_count${messages}`),
        patience,
      )
      .toBe(16);
    const values = await scrape(port);
    const expected = {
      [`messaging_client_consumed_messages_total${messages.replace('"process"', '"receive"')}`]: 16,
      'tributary_rows_written_total{stream="plain"}': 7,
      'tributary_rows_written_total{stream="keyed"}': 5,
      'tributary_freshness_count{stream="plain"}': 7,
      'tributary_freshness_count{stream="keyed"}': 5,
      'tributary_freshness_bucket{stream="plain",le="+Inf"}': 7,
      // Each dead letter is a row, too.
      tributary_append_rows_sum: 7 + 5 + 3 + 4,
      'tributary_dead_letters_total{stream="keyed",reason="in_part"}': 3,
      'tributary_dead_letters_total{stream="keyed",reason="column"}': 0,
      'tributary_dead_letters_total{stream="unknown",reason="stream"}': 4,
      'tributary_append_retries_total{reaction="transient"}': 0,
      tributary_in_flight_messages: 0,
      tributary_in_flight_bytes: 0,
      tributary_in_flight_fullness: 0,
      tributary_oldest_age: 0,
      'tributary_tables_refused{stream="plain"}': 0,
      'tributary_tables_refused{stream="tributary.dead_letters"}': 0,
    };
    const found = Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name)]));
    expect(found).toEqual(expected);
    const own = [...values.keys()].filter((name) => name.startsWith('tributary_'));
    const names = new Set(
      own.map((name) => name.replace(/(?:_(?:total|count|sum|bucket))?(?:\{.*)?$/, '')),
    );
    expect(names.size).toBeLessThanOrEqual(12);
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(404);
  });

  it('show what is in flight while BigQuery does not answer', async () => {
    const subscriber = await start(prometheus);
    const port = portOf(subscriber);
    await served.bed.stopBigQuery();
    onTestFinished(() => served.bed.restartBigQuery());
    await served.bed.publish('plain', 100, () => 'x'.repeat(1000));
    const readValue = async (name: string) => (await scrape(port)).get(name);
    await expect.poll(() => readValue('tributary_in_flight_messages'), patience).toBe(100);
    expect(await readValue('tributary_in_flight_bytes')).toBe(100_000);
    expect(await readValue('tributary_in_flight_fullness')).toBeCloseTo(100 / 8500, 6);
    await expect.poll(() => readValue('tributary_oldest_age')).toBeGreaterThan(0);
    await expect
      .poll(() => readValue('tributary_append_retries_total{reaction="transient"}'), patience)
      .toBeGreaterThan(0);
  });

  it('load nothing without OTEL_METRICS_EXPORTER', async () => {
    const without = await start({ NODE_OPTIONS: printModules, OTEL_SERVICE_NAME: 'mine' });
    // Google's own client loads the API, so the hook is seen to work.
    expect(without.output).toMatch(/loaded .*@opentelemetry\/api/);
    expect(without.output).not.toMatch(exporting);
    const used = await start({ NODE_OPTIONS: printModules, ...prometheus });
    expect(used.output).toMatch(exporting);
  });

  it('end the subscriber where their port is taken, and say which', async () => {
    const squatter = createServer().listen(0, 'localhost');
    await new Promise((resolve) => squatter.once('listening', resolve));
    onTestFinished(() => void squatter.close());
    const { port } = squatter.address() as { port: number };
    const subscriber = served.bed.spawn(['serve'], {
      ...prometheus,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    });
    expect(await subscriber.exited()).toBe(1);
    expect(subscriber.lines.at(-1)).toMatchObject({ severity: 'ERROR', code: 'port.taken' });
    expect(subscriber.output).toContain(`port ${port} is not free for the metrics`);
  });

  const otlp = (url: string) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRIC_EXPORT_INTERVAL: '50',
  });

  it('are sent over OTLP, with headers and the resource, once more when it stops', async () => {
    const { url, received } = await startOtlpBed((response) => response.end());
    const subscriber = await start({
      ...otlp(url),
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-test',
      OTEL_SERVICE_NAME: 'my-relay',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      // Only the start and the stop send.
      OTEL_METRIC_EXPORT_INTERVAL: '3600000',
    });
    await served.bed.publish('keyed', 3, (n) => JSON.stringify({ id: `o${n}`, event_name: 'x' }));
    const drained = await served.bed.spawn(['drain', '--quiet-seconds', '1'], otlp(url));
    expect(await drained.exited()).toBe(0);
    await subscriber.kill('SIGTERM');
    const [last] = received.filter(({ resource }) => resource['service.name'] === 'my-relay');
    expect(last?.path).toBe('/v1/metrics');
    expect(last?.headers).toMatchObject({ 'x-key': 'of-the-test' });
    expect(last?.resource).toMatchObject({
      'service.name': 'my-relay',
      'deployment.environment.name': 'test',
      'service.version': expect.stringMatching(/^\d/),
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const written = 'tributary.rows.written {"stream":"keyed"}';
    const all = [
      last,
      received.findLast(({ resource }) => resource['service.name'] !== 'my-relay'),
    ];
    const sum = all.reduce((total, one) => total + (one?.values.get(written) ?? Number.NaN), 0);
    expect(sum).toBe(3);
    const sent = new Set([...(last?.values.keys() ?? [])].map((name) => name.split(' ')[0]));
    const { exportBytes, ...others } = metricTable;
    expect(exportBytes.attributes).toEqual(['stream']);
    expect([...sent].sort()).toEqual(
      Object.values(others)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('cost no delivery while the collector hangs, and one warning', async () => {
    const { url, received, state } = await startOtlpBed(() => {});
    const subscriber = await start({ ...otlp(url), OTEL_EXPORTER_OTLP_TIMEOUT: '100' });
    await expect.poll(() => warningsOf(subscriber), patience).toEqual(['WARNING']);
    const ids = await served.bed.publish('plain', 500);
    await expect
      .poll(async () => {
        const counts = await served.bed.counts('plain');
        return ids.filter((id) => counts.get(id) === 1).length;
      }, patience)
      .toBe(500);
    const before = received.length;
    await expect.poll(() => received.length, patience).toBeGreaterThan(before + 5);
    expect(warningsOf(subscriber)).toEqual(['WARNING']);
    expect(state.mostOpen).toBeLessThanOrEqual(5);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
  });

  it('warn once of a collector that answers 500, and say when it is over', async () => {
    const { url, received, state } = await startOtlpBed((response) =>
      response.writeHead(500).end(),
    );
    const subscriber = await start(otlp(url));
    await expect.poll(() => received.length, patience).toBeGreaterThan(5);
    await expect.poll(() => warningsOf(subscriber)).toEqual(['WARNING']);
    state.answer = (response) => response.end();
    await expect.poll(() => warningsOf(subscriber), patience).toEqual(['WARNING', 'INFO']);
  });

  it('warn once of a collector that is away', async () => {
    const receiver = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    const { port } = receiver.address() as { port: number };
    await new Promise((resolve) => receiver.close(resolve));
    const subscriber = await start(otlp(`http://127.0.0.1:${port}`));
    await expect.poll(() => warningsOf(subscriber), patience).toEqual(['WARNING']);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
  });
});
