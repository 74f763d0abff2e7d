import { beforeEach, describe, expect, it } from 'vitest';
import { replayAttribute, replayedMessageAttribute } from '../../../shared/envelope.ts';
import type { Span } from '../../../subscriber/traces/span.ts';
import { Traces } from '../../../subscriber/traces/traces.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const edgeSpan = 'b7ad6b7169203331';
const sendersSpan = '00f067aa0ba902b7';
const receivedAt = 1_795_245_296_000;

let spans: Span[] = [];
let asked: (boolean | undefined)[] = [];
let now = receivedAt;
let ids = 0;

beforeEach(() => {
  [spans, asked, now, ids] = [[], [], receivedAt + 300, 0];
});

function open(isSampled = true): Traces {
  return new Traces({
    topic: 't',
    subscription: 's',
    write: (span) => spans.push(span),
    isSampled: (_, sender) => {
      asked.push(sender);
      return isSampled;
    },
    now: () => now,
    randomId: (digits) => (++ids).toString(16).padStart(digits, '0'),
  });
}

function message(more: Record<string, string> = {}, id = 'm1') {
  return {
    id,
    data: new Uint8Array(12),
    attributes: {
      stream: 'shop',
      delivery_id: 'd1',
      traceparent: `00-${traceId}-${edgeSpan}-01`,
      parent_span_id: sendersSpan,
      ...more,
    },
    publishTime: new Date(receivedAt + 100),
    deliveryAttempt: 0,
    ack() {},
    nack() {},
  };
}

const named = (name: string) => spans.filter((span) => span.name.startsWith(name));
const written = (rows: number) => ({
  written: Array.from({ length: rows }, (_, n) => n),
  invalid: [],
  retryable: [],
});

describe('the spans of a delivery', () => {
  it('have the times of edge, Pub/Sub and subscriber', () => {
    const trace = open().begin(message(), receivedAt);
    now += 200;
    trace?.end('written');
    const times = spans.map(({ name, startMs, endMs }) => [
      name,
      startMs - receivedAt,
      endMs - receivedAt,
    ]);
    expect(times).toEqual([
      ['POST /shop', 0, 100],
      ['send t', 0, 100],
      ['receive s', 100, 300],
      ['process s', 300, 500],
    ]);
    expect(spans.map(({ traceId: id }) => id)).toEqual(Array(4).fill(traceId));
    expect(spans[0]).toMatchObject({ spanId: edgeSpan, parentId: sendersSpan });
    for (const n of [1, 2, 3]) expect(spans[n]?.parentId).toBe(spans[n - 1]?.spanId);
  });

  it('of the edge are written once, when the message is acked at last', () => {
    const traces = open();
    const first = traces.begin(message(), receivedAt);
    first?.end('nacked');
    expect(named('POST')).toEqual([]);
    const second = traces.begin(message(), receivedAt);
    second?.end('written in part');
    second?.end('written');
    expect(named('POST')).toHaveLength(1);
    const [failed, done] = named('process');
    expect(failed).toMatchObject({ errorType: 'nacked' });
    expect(done?.errorType).toBeUndefined();
    expect(done?.attributes).toMatchObject({ 'tributary.outcome': 'written in part' });
    // Both tries hang below the same `send`, although that is written only once.
    expect(new Set(named('receive').map(({ parentId }) => parentId)).size).toBe(1);
    expect(named('receive')[0]?.parentId).toBe(named('send')[0]?.spanId);
  });

  it('of the edge are written for a nacked message whose row came through', () => {
    const trace = open().begin(message(), receivedAt);
    trace?.end('nacked');
    trace?.end('written');
    expect(named('POST')).toHaveLength(1);
    expect(named('process')).toHaveLength(1);
  });

  it('of a replay are below those of its delivery, without the edge', () => {
    const replay = { [replayedMessageAttribute]: 'm1', [replayAttribute]: '2' };
    open().begin(message(replay, 'm2'), receivedAt)?.end('written');
    expect(spans.map(({ name }) => name)).toEqual(['receive s', 'process s']);
    expect(spans[0]).toMatchObject({ traceId, parentId: edgeSpan });
    expect(spans[1]?.attributes).toMatchObject({ 'tributary.replay': 2 });
  });

  it.each([
    ['no traceparent', { traceparent: '' }],
    ['a broken one', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
  ])('of a message with %s begin with receive, in a trace of their own', (_, attributes) => {
    open().begin(message(attributes), receivedAt)?.end('written');
    expect(spans.map(({ name }) => name)).toEqual(['receive s', 'process s']);
    expect(spans[0]?.parentId).toBeUndefined();
    expect(spans[0]?.traceId).not.toBe(traceId);
    expect(asked).toEqual([undefined]);
  });

  it('of an edge of version 0.2 have the span that it passed on for the parent', () => {
    const { parent_span_id: _, ...attributes } = message().attributes;
    open()
      .begin({ ...message(), attributes }, receivedAt)
      ?.end('written');
    expect(named('POST')).toMatchObject([{ parentId: edgeSpan }]);
    expect(named('POST')[0]?.spanId).not.toBe(edgeSpan);
  });

  it('are not written for what the edge itself sends, or what is not sampled', () => {
    expect(open().begin(message({ stream: 'tributary.census' }), receivedAt)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(open(false).begin(message(), receivedAt)).toBeUndefined();
    open().begin(message({ traceparent: `00-${traceId}-${edgeSpan}-00` }), receivedAt);
    expect(asked).toEqual([true, false]);
  });
});

describe('the span of a batch', () => {
  const rowsOf = (traces: Traces, count: number, since = 0) =>
    Array.from({ length: count }, (_, n) => ({
      trace: traces.begin(message({}, `m${n}`), receivedAt),
      since,
    }));

  it('is absent where no row is traced', () => {
    const rows = [{ since: 0 }, { since: 0 }];
    expect(open().append('a.b', rows, { now: 0, isRetry: false })).toBeUndefined();
  });

  it('has links to its deliveries, and each of these one to it, once', () => {
    const traces = open();
    const [first, second] = rowsOf(traces, 2);
    if (!first || !second) throw new Error('no rows');
    const end = traces.append('a.b', [first, first, second, { since: 0 }], {
      now: 50,
      isRetry: false,
    });
    now += 70;
    end?.(written(4));
    const [append] = named('append');
    expect(append).toMatchObject({
      kind: 'client',
      attributes: { 'messaging.batch.message_count': 2, 'tributary.append.rows': 4 },
      droppedLinks: 0,
    });
    expect(append?.links?.map(({ spanId }) => spanId)).toEqual([
      first.trace?.spanId,
      second.trace?.spanId,
    ]);
    const writes = named('write a.b');
    expect(writes).toHaveLength(2);
    for (const { links, startMs, endMs } of writes) {
      expect(links).toEqual([{ traceId: append?.traceId, spanId: append?.spanId }]);
      // From when the row was queued.
      expect(endMs - startMs).toBe(120);
    }
  });

  it('has at most 128 links', () => {
    const traces = open();
    const end = traces.append('a.b', rowsOf(traces, 200), { now: 0, isRetry: false });
    end?.(written(200));
    expect(named('append')[0]?.links).toHaveLength(128);
    expect(named('append')[0]?.droppedLinks).toBe(72);
    expect(named('write')).toHaveLength(200);
  });

  it('shows which deliveries failed, and why', () => {
    const traces = open();
    const rows = rowsOf(traces, 3);
    const end = traces.append('a.b', rows, { now: 1000, isRetry: true });
    end?.({
      written: [0],
      invalid: [{ index: 1 }],
      retryable: [2],
      failure: { reaction: 'throttled' },
    });
    expect(named('write').map(({ errorType }) => errorType)).toEqual([
      undefined,
      'invalid',
      'throttled',
    ]);
    expect(named('append')[0]?.errorType).toBe('throttled');
    // A further try does not include the time of the one before.
    for (const { startMs, endMs } of named('write')) expect(endMs - startMs).toBe(0);
  });

  it('is followed by what else is done for a delivery', () => {
    const trace = open().begin(message(), receivedAt);
    const end = trace?.begin('load export', { 'tributary.table': 'a.b' });
    now += 10;
    end?.('nacked');
    expect(spans[0]).toMatchObject({
      name: 'load export',
      parentId: trace?.spanId,
      errorType: 'nacked',
    });
  });
});
