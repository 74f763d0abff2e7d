import { describe, expect, it } from 'vitest';
import { defineRelay, type RelayStream, type Stream } from '../../../shared/config.ts';
import { filterOf } from '../../../shared/filters/filter.ts';
import { JsonText } from '../../../shared/json-text.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { type GenericOptions, generic } from '../../../shared/sources/generic.ts';
import { sources } from '../../../shared/sources/registry.ts';

const filler = 'x'.repeat(70_000);

function open(stream: Stream): RelayStream {
  const relay = defineRelay({ project: 'my-project', streams: { own: stream } });
  const own = relay.streams.get('own');
  if (!own) throw new Error('no stream');
  return own;
}

function generically(options: Partial<GenericOptions>): RelayStream {
  return open(generic({ table: 'in.events', event: '$.type', ...options }));
}

/** What the edge makes of a body: whether an event of it passes, or the reading that has none. */
function decide(stream: RelayStream, text: string, headers: Record<string, string> = {}): unknown {
  const body = new TextEncoder().encode(text);
  const header = (name: string) => new Headers(headers).get(name) ?? undefined;
  const reading = sources[stream.source].read({ body, header }, stream);
  return reading.kind === 'events' ? reading.events.some(filterOf(stream).passes) : reading;
}

function map(stream: RelayStream, text: string) {
  const body = new TextEncoder().encode(text);
  const source = sources[stream.source];
  if (source.delivers !== 'rows') throw new Error('no rows');
  return source.map({ stream: 'own', deliveryId: 'd1', receivedAt: 0, body }, stream);
}

describe.each<[string, (filter: NonNullable<Stream['filter']>) => RelayStream]>([
  ['generic', (filter) => generically({ event: '$.event_name', filter })],
  ['datanostro', (filter) => open(datanostro({ table: 'in.events', filter }))],
])('a large delivery to %s', (_, stream) => {
  const named = stream({ event: '^purchase$' });
  const byField = stream({ where: { field: '$.total', gt: 10 } });
  const byAbsence = stream({ where: { field: '$.test', exists: false } });

  it('is decided by its beginning', () => {
    expect(decide(named, `{"event_name":"purchase","rest":"${filler}"}`)).toBe(true);
    expect(decide(named, `{"event_name":"refund","rest":"${filler}"}`)).toBe(false);
    expect(decide(byField, `{"total":10.01,"rest":"${filler}"}`)).toBe(true);
    expect(decide(byField, `{"total":10,"rest":"${filler}"}`)).toBe(false);
  });

  it('is decided by its end where that is what counts', () => {
    expect(decide(named, `{"rest":"${filler}","event_name":"purchase"}`)).toBe(true);
    expect(decide(byField, `{"rest":"${filler}","total":10}`)).toBe(false);
    expect(decide(byAbsence, `{"rest":"${filler}","test":1}`)).toBe(false);
    expect(decide(byAbsence, `{"rest":"${filler}"}`)).toBe(true);
  });

  it('decides by the first of duplicate keys, however far they are apart', () => {
    const twice = `{"event_name":"purchase","rest":"${filler}","event_name":"refund"}`;
    expect(decide(named, twice)).toBe(true);
    expect(map(named, twice)).toMatchObject([{ row: { event_name: 'purchase' } }]);
  });

  it('is a dead letter where only its end is broken, and refused where that was looked at', () => {
    const brokenBehind = `{"event_name":"purchase","rest":"${filler}`;
    expect(decide(named, brokenBehind)).toBe(true);
    expect(map(named, brokenBehind)).toEqual([{ ok: false, reason: 'the body is not JSON' }]);
    expect(decide(named, `{"rest":"${filler}`)).toMatchObject({ kind: 'malformed' });
  });
});

describe('what is required', () => {
  const stream = generically({
    columns: {
      order_id: { type: 'STRING', from: '$.order.id', required: true },
      account: { type: 'STRING', from: 'header:x-account', required: true },
      received_at: { type: 'TIMESTAMP', from: 'delivery:received_at', required: true },
    },
  });
  const headers = { 'x-account': 'a1' };

  it.each([
    ['{"order":{"id":1}}', headers, true],
    ['{"order":{"id":null}}', headers, { field: 'order_id' }],
    ['{"order":1}', headers, { field: 'order_id' }],
    ['{"order":{"id":1}}', {}, { field: 'account' }],
  ])('of %s with %o', (text, sent, answer) => {
    const decision = decide(stream, text, sent);
    if (answer === true) expect(decision).toBe(true);
    else expect(decision).toMatchObject({ kind: 'malformed', ...(answer as object) });
  });
});

describe('a form', () => {
  const stream = generically({
    body: 'form',
    event: '$.status',
    filter: { where: { field: '$.total', gte: 100 } },
    columns: {
      total: { type: 'NUMERIC', from: '$.total' },
      tags: { type: 'JSON', from: '$.tag' },
      note: { type: 'STRING', from: '$.note' },
    },
  });

  it('is an object of texts', () => {
    const text = 'status=paid&total=120.50&tag=a&tag=b&note=P%C5%99%C3%ADli%C5%A1+%22x%22';
    expect(decide(stream, text)).toBe(true);
    expect(map(stream, text)).toEqual([
      { ok: true, row: { total: '120.50', tags: new JsonText('["a","b"]'), note: 'Příliš "x"' } },
    ]);
    expect(decide(stream, 'status=paid&total=99')).toBe(false);
  });

  it('keeps values that come several times, all of them, in order', () => {
    const [mapping] = map(stream, 'tag=b&note=n&tag=a&tag=b&total=1');
    expect(mapping).toMatchObject({ row: { tags: new JsonText('["b","a","b"]') } });
  });

  it.each([[''], ['\n'], ['&&']])(
    'without a field is answered or kept, and never crashes: %j',
    (text) => {
      const decision = decide(stream, text);
      if (decision !== false) expect(decision).toMatchObject({ kind: 'malformed' });
      expect(map(stream, text)).toHaveLength(1);
    },
  );
});

describe('any JSON', () => {
  it('nested without end, or of any kind, is read or refused', () => {
    const stream = generically({ each: '$.a', filter: { where: { field: '$.a[].b', equals: 1 } } });
    const deep = `${'{"a":['.repeat(50_000)}${']}'.repeat(50_000)}`;
    for (const text of [
      deep,
      '{"a":[1,"x",null,[],{}]}',
      '[]',
      'null',
      '"a"',
      '{"a":{}}',
      '1e999',
    ]) {
      expect(() => decide(stream, text)).not.toThrow();
      expect(() => map(stream, text)).not.toThrow();
    }
  });
});
