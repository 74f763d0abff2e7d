import { createServer } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { toAttributes } from '../../../shared/envelope.ts';
import { startOtlpBed } from '../../beds/otlp-bed.ts';
import {
  patience,
  printModules,
  serveSubscribers,
  warningsOf,
} from '../../beds/served-subscribers.ts';
import { relay } from '../../beds/subscriber-process.ts';

const served = serveSubscribers();
const { running, start } = served;

const otlp = (url: string) => ({
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
  OTEL_BSP_SCHEDULE_DELAY: '20',
});

const parentSpanId = '00f067aa0ba902b7';

/** Publishes deliveries whose senders have sent a trace context, each with a trace of its own. */
async function publishTraced(count: number, flags = '01') {
  const topic = served.bed.pubsub.topic(relay.topic);
  const traces = Array.from({ length: count }, () => uuidv7().replaceAll('-', ''));
  await Promise.all(
    traces.map((trace) =>
      topic.publishMessage({
        data: Buffer.from('{"id":"e"}'),
        attributes: toAttributes({
          stream: 'plain',
          deliveryId: uuidv7(),
          receivedAt: Date.now(),
          traceparent: `00-${trace}-b7ad6b7169203331-${flags}`,
          parentSpanId,
        }),
      }),
    ),
  );
  return traces;
}

const sdk = /loaded .*(?:sdk-trace|exporter-trace|otlp-transformer|otlp-exporter-base|resources)/;

async function rowsOf(stream: 'plain'): Promise<number> {
  const counts = await served.bed.counts(stream);
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

async function until500AreWritten(): Promise<void> {
  const ids = await served.bed.publish('plain', 500);
  await expect
    .poll(async () => {
      const counts = await served.bed.counts('plain');
      return ids.filter((id) => counts.get(id) === 1).length;
    }, patience)
    .toBe(500);
}

describe('the traces of a subscriber', { timeout: 120_000 }, () => {
  it('load nothing unless they are asked for', async () => {
    const without = await start({ NODE_OPTIONS: printModules, OTEL_TRACES_SAMPLER: 'always_on' });
    // Google's own client loads the API, so the hook is seen to work.
    expect(without.output).toMatch(/loaded .*@opentelemetry\/api/);
    expect(without.output).not.toMatch(sdk);
    const { url } = await startOtlpBed((response) => response.end());
    const used = await start({ NODE_OPTIONS: printModules, ...otlp(url) });
    expect(used.output).toMatch(sdk);
    // Metrics were not asked for.
    expect(used.output).not.toMatch(/loaded .*(?:exporter-prometheus|exporter-metrics)/);
  });

  it('follow the decision of the sender, or not, as OTEL_TRACES_SAMPLER says', async () => {
    const receive = async (environment: NodeJS.ProcessEnv) => {
      const { url, spans } = await startOtlpBed((response) => response.end());
      const subscriber = await start({ ...otlp(url), ...environment });
      const before = await rowsOf('plain');
      const sampled = await publishTraced(20);
      const unsampled = await publishTraced(20, '00');
      await served.bed.publish('plain', 20);
      await expect.poll(() => rowsOf('plain'), patience).toBe(before + 60);
      await subscriber.kill('SIGTERM');
      running.splice(0);
      const traces = new Set(spans.map(({ trace }) => trace));
      const count = (of: string[]) => of.filter((trace) => traces.has(trace)).length;
      const known = new Set([...sampled, ...unsampled]);
      const own = new Set(
        spans.flatMap(({ trace, name }) =>
          name.startsWith('process') && !known.has(trace) ? [trace] : [],
        ),
      );
      return { sampled: count(sampled), unsampled: count(unsampled), own: own.size };
    };
    expect(await receive({})).toEqual({ sampled: 20, unsampled: 0, own: 20 });
    expect(await receive({ OTEL_TRACES_SAMPLER: 'always_on' })).toEqual({
      sampled: 20,
      unsampled: 20,
      own: 20,
    });
    expect(await receive({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' })).toEqual({
      sampled: 20,
      unsampled: 0,
      own: 0,
    });
    const none = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
    expect(await receive(none)).toEqual({ sampled: 0, unsampled: 0, own: 0 });
  });

  it('show a delivery that is nacked, and written later', async () => {
    const { url, spans } = await startOtlpBed((response) => response.end());
    await start(otlp(url));
    await served.bed.stopBigQuery();
    const [trace] = await publishTraced(1);
    const subscriber = running[0];
    // It waits for BigQuery; a stop nacks it.
    await subscriber?.kill('SIGTERM');
    running.splice(0);
    await served.bed.restartBigQuery();
    await start(otlp(url));
    const named = (name: RegExp) =>
      spans.filter((span) => span.trace === trace && name.test(span.name));
    await expect
      .poll(
        () => named(/^process/).map(({ attributes }) => attributes['tributary.outcome']),
        patience,
      )
      .toContain('written');
    const [edge, ...more] = named(/^POST/);
    expect(more).toEqual([]);
    expect(edge).toMatchObject({ id: 'b7ad6b7169203331', parent: parentSpanId });
    const failed = named(/^process/).filter(({ isError }) => isError);
    for (const { attributes } of failed) expect(attributes['error.type']).toBe('nacked');
    // Each try has its own receive below the one send.
    const sends = new Set(named(/^receive/).map(({ parent }) => parent));
    expect([...sends]).toEqual(named(/^send/).map(({ id }) => id));
  });

  it('cost no delivery while the collector hangs, and one warning', async () => {
    const { url, state } = await startOtlpBed(() => {});
    const subscriber = await start({
      ...otlp(url),
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
      OTEL_BSP_EXPORT_TIMEOUT: '200',
    });
    await until500AreWritten();
    await expect.poll(() => warningsOf(subscriber), patience).toEqual(['WARNING']);
    await until500AreWritten();
    expect(warningsOf(subscriber)).toEqual(['WARNING']);
    expect(state.mostOpen).toBeLessThanOrEqual(5);
    expect(await subscriber.kill('SIGTERM')).toBe(0);
  });

  it('warn once of a collector that is away or answers 500, and say when it is over', async () => {
    const receiver = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    const { port } = receiver.address() as { port: number };
    await new Promise((resolve) => receiver.close(resolve));
    const away = await start(otlp(`http://127.0.0.1:${port}`));
    await served.bed.publish('plain', 20);
    await expect.poll(() => warningsOf(away), patience).toEqual(['WARNING']);
    expect(await away.kill('SIGTERM')).toBe(0);
    running.splice(0);

    const { url, received, state } = await startOtlpBed((response) =>
      response.writeHead(400).end(),
    );
    const refused = await start(otlp(url));
    for (const before of [0, 1, 2]) {
      await served.bed.publish('plain', 5);
      await expect.poll(() => received.length, patience).toBeGreaterThan(before);
    }
    await expect.poll(() => warningsOf(refused), patience).toEqual(['WARNING']);
    state.answer = (response) => response.end();
    await served.bed.publish('plain', 5);
    await expect.poll(() => warningsOf(refused), patience).toEqual(['WARNING', 'INFO']);
  });
});
