import { afterEach, expect, test, vi } from 'vitest';
import { startOtlpBed } from '../beds/otlp-bed.ts';
import type { ReceivedSpan } from '../beds/otlp-spans.ts';
import { type RelayBed, startRelayBed } from '../beds/relay-bed.ts';

// A delivery's trace, from its sender through workerd, Pub/Sub, the subscriber and BigQuery to a collector.

let bed: RelayBed | undefined;

afterEach(async () => {
  vi.unstubAllEnvs();
  await bed?.stop();
});

const traceOf = (n: number) => n.toString(16).padStart(32, 'a');
const sendersSpan = '00f067aa0ba902b7';

async function send(port: number, path: string, trace?: string, flags = '01') {
  const headers = { ...(trace && { traceparent: `00-${trace}-${sendersSpan}-${flags}` }) };
  const body = path.startsWith('/strict') ? '{"id":"x","at":"no time"}' : '{"id":"e"}';
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body,
  });
  expect(response.status).toBe(204);
  return response.headers.get('tributary-delivery-id');
}

test('one trace holds the sender, the edge, Pub/Sub, the subscriber and the append', async () => {
  const otlp = await startOtlpBed((response) => response.end());
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', `${otlp.url}/v1/traces`);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  const streams = {
    plain: `generic({ table: 'traced.plain', event: '$.type', id: '$.id' })`,
    strict: `generic({ table: 'traced.strict', event: '$.type', id: '$.id', time: '$.at', invalidValues: 'dead-letter' })`,
  };
  const secrets = { PLAIN_KEY: 'plain-key', STRICT_KEY: 'strict-key' };
  bed = await startRelayBed({ streams, secrets, edge: 'workerd' });
  const { port } = bed;
  const spansOf = (trace: string) => otlp.spans.filter((span) => span.trace === trace);
  const byId = (id: string | null, name: RegExp) =>
    otlp.spans.find(
      (span) => span.attributes['tributary.delivery_id'] === id && name.test(span.name),
    );

  const begunAt = Date.now();
  const ids = await Promise.all([
    send(port, '/plain/plain-key', traceOf(1)),
    send(port, '/plain/plain-key', traceOf(2)),
    send(port, '/plain/plain-key', traceOf(3), '00'),
    send(port, '/plain/plain-key'),
  ]);
  const deadId = await send(port, '/strict/strict-key', traceOf(4));
  await expect.poll(() => byId(deadId, /^process/)).toBeDefined();
  await expect.poll(() => byId(ids[3] ?? null, /^process/)).toBeDefined();
  await expect.poll(() => spansOf(traceOf(1)).length).toBe(5);
  const endedAt = Date.now();

  const chain = (trace: string) => {
    const spans = spansOf(trace);
    const below = (parent: string): ReceivedSpan[] => {
      const children = spans.filter((span) => span.parent === parent);
      return children.flatMap((span) => [span, ...below(span.id)]);
    };
    return below(sendersSpan);
  };
  const names = (trace: string) => chain(trace).map(({ name, kind }) => `${kind} ${name}`);
  const { topic, subscription } = bed.relay;
  const usual = [
    'server POST /plain',
    `producer send ${topic}`,
    `consumer receive ${subscription}`,
    `consumer process ${subscription}`,
    'internal write traced.plain',
  ];
  expect(names(traceOf(1))).toEqual(usual);
  expect(names(traceOf(2))).toEqual(usual);
  expect(names(traceOf(4))).toEqual([
    'server POST /strict',
    ...usual.slice(1, 4),
    'internal dead letter',
  ]);
  // The sender has decided not to sample it.
  expect(spansOf(traceOf(3))).toEqual([]);

  for (const span of chain(traceOf(1))) {
    expect(span.startMs).toBeGreaterThanOrEqual(begunAt - 1);
    expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    expect(span.endMs).toBeLessThanOrEqual(endedAt);
    expect(span.isError).toBe(false);
  }
  const [edge, , , processed, write] = chain(traceOf(1));
  expect(edge?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/plain',
    'tributary.stream': 'plain',
    'tributary.delivery_id': ids[0],
  });
  expect(processed?.attributes).toMatchObject({
    'messaging.system': 'gcp_pubsub',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.subscription.name': subscription,
    'messaging.message.id': expect.stringMatching(/./),
    'tributary.outcome': 'written',
  });
  const append = otlp.spans.find(({ id }) => id === write?.links[0]?.id);
  expect(append).toMatchObject({ name: 'append traced.plain', kind: 'client', isError: false });
  expect(append?.links).toContainEqual({ trace: traceOf(1), id: processed?.id });
  expect(append?.trace).not.toBe(traceOf(1));
  expect(append?.attributes).toMatchObject({ 'rpc.method': 'AppendRows' });

  const dead = byId(deadId, /^process/);
  expect(dead).toMatchObject({ isError: true, attributes: { 'error.type': 'dead_letter' } });
  // A sender without a trace: the edge begins one.
  const alone = byId(ids[3] ?? null, /^POST/);
  expect(alone?.parent).toBe('');
  expect(spansOf(alone?.trace ?? '').length).toBe(5);
  // Google's own client would have written spans of its own.
  const known = /^(?:POST|send|receive|process|write|append|dead letter)\b/;
  expect(otlp.spans.filter(({ name }) => !known.test(name))).toEqual([]);
}, 60_000);
