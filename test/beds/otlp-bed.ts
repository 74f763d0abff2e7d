import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';
import { type ReceivedSpan, readSpans } from './otlp-spans.ts';

/** What is read here of https://github.com/open-telemetry/opentelemetry-proto, by its field numbers. */
const schema = `
syntax = "proto3";
message Request { repeated ResourceMetrics resources = 1; }
message ResourceMetrics { Attributes resource = 1; repeated ScopeMetrics scopes = 2; }
message Attributes { repeated KeyValue attributes = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { string text = 1; }
message ScopeMetrics { repeated Metric metrics = 2; }
message Metric { string name = 1; string unit = 3; Numbers gauge = 5; Numbers sum = 7; Histograms histogram = 9; }
message Numbers { repeated NumberPoint points = 1; }
message NumberPoint { double value = 4; repeated KeyValue attributes = 7; }
message Histograms { repeated HistogramPoint points = 1; }
message HistogramPoint { fixed64 count = 4; repeated KeyValue attributes = 9; }
`;
const requestType = protobuf.parse(schema).root.lookupType('Request');

interface KeyValue {
  key: string;
  value: { text: string };
}

interface Request {
  resources: {
    resource: { attributes: KeyValue[] };
    scopes: {
      metrics: {
        name: string;
        unit: string;
        gauge?: { points: NumberPoint[] };
        sum?: { points: NumberPoint[] };
        histogram?: { points: { count: number; attributes: KeyValue[] }[] };
      }[];
    }[];
  }[];
}

interface NumberPoint {
  value?: number;
  attributes: KeyValue[];
}

export interface ReceivedMetrics {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  resource: Record<string, string>;
  /** By name and attributes: the value, or the count of a histogram. */
  values: Map<string, number>;
}

/** Stands for a collector, until the test is over. `answer` may leave a request without an answer. */
export async function startOtlpBed(answer: (response: ServerResponse) => void) {
  const received: ReceivedMetrics[] = [];
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const open = new Set<ServerResponse>();
  const state = { mostOpen: 0, answer };
  const server = createServer(async (request, response) => {
    open.add(response);
    state.mostOpen = Math.max(state.mostOpen, open.size);
    response.once('close', () => open.delete(response));
    const body = await buffer(request).catch(() => undefined);
    if (!body) return;
    bodies.push(body);
    const isTraces = request.url === '/v1/traces';
    if (isTraces) spans.push(...readSpans(body));
    const metrics = isTraces ? { resource: {}, values: new Map() } : read(body);
    received.push({ path: request.url, headers: request.headers, ...metrics });
    state.answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received, spans, bodies, state };
}

function read(body: Buffer): Pick<ReceivedMetrics, 'resource' | 'values'> {
  const request = requestType.toObject(requestType.decode(body), {
    longs: Number,
    arrays: true,
  }) as Request;
  const values = new Map<string, number>();
  const attributesOf = (pairs: KeyValue[]) =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, value.text]));
  for (const { name, gauge, sum, histogram } of request.resources.flatMap(({ scopes }) =>
    scopes.flatMap(({ metrics }) => metrics),
  )) {
    for (const { value = 0, attributes } of (gauge ?? sum)?.points ?? []) {
      values.set(`${name} ${JSON.stringify(attributesOf(attributes))}`, value);
    }
    for (const { count, attributes } of histogram?.points ?? []) {
      values.set(`${name} ${JSON.stringify(attributesOf(attributes))}`, count);
    }
  }
  return { resource: attributesOf(request.resources[0]?.resource.attributes ?? []), values };
}
