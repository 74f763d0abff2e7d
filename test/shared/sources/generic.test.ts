import { describe, expect, it } from 'vitest';
import type { RelayStream, Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { filterOf } from '../../../shared/filters/filter.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { type GenericOptions, generic } from '../../../shared/sources/generic.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

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

describe('bytes that are no text, in a delivery that is', () => {
  const reason = 'is not UTF-8: U+FFFD stands for what is not';
  const part = (bytes: string) =>
    `--x\r\ncontent-disposition: form-data; name="name"\r\n\r\n${bytes}\r\n--x--\r\n`;

  /** Its rows, or why there is none. `body` is read byte by byte. */
  function mapped(options: Partial<GenericOptions>, body: string, query?: string) {
    const bytes = Uint8Array.from(body, (char) => char.charCodeAt(0));
    const columns = {
      name: { type: 'STRING', from: '$.name' },
      asked: { type: 'STRING', from: 'query:name' },
      payload: { type: 'JSON', from: '$' },
    } as const;
    const stream = generically({ columns, ...options });
    const envelope = { stream: 'own', deliveryId: 'd1', receivedAt: 0, body: bytes };
    const source = sources.generic;
    return source.map({ ...envelope, ...(query !== undefined && { query }) }, stream);
  }

  it.each([
    ['a form', 'name=Ren%E9&city=Brno'],
    ['a part of a multipart form', part('Ren\xe9')],
  ])('are noted in %s', (_, body) => {
    const [mapping] = mapped({}, body);
    expect(mapping).toMatchObject({
      ok: true,
      row: { name: 'Ren\ufffd' },
      notes: [
        { column: 'name', reason },
        { column: 'payload', reason },
      ],
    });
  });

  it('are noted in a query, and nowhere else', () => {
    expect(mapped({}, '{"name":"Jana"}', 'name=Ren%E9')).toMatchObject([
      { ok: true, row: { name: 'Jana', asked: 'Ren\ufffd' }, notes: [{ column: 'asked', reason }] },
    ]);
  });

  it.each([
    ['escaped in a form', 'name=%EF%BF%BD'],
    ['in a form', 'name=\xef\xbf\xbd'],
    ['in a part', part('\xef\xbf\xbd')],
    ['in JSON', '{"name":"\xef\xbf\xbd"}'],
    ['escaped in JSON', '{"name":"\\ufffd"}'],
  ])('are none where U+FFFD was sent: %s', (_, body) => {
    const [mapping] = mapped({}, body);
    expect(mapping).toMatchObject({ ok: true, row: { name: '\ufffd' } });
    expect(mapping).not.toHaveProperty('notes');
  });

  it('leave a required column its value, but no key', () => {
    const columns = { name: { type: 'STRING', from: '$.name', required: true } } as const;
    expect(mapped({ columns }, 'name=Ren%E9')).toMatchObject([
      { ok: true, row: { name: 'Ren\ufffd' }, notes: [{ column: 'name', reason }] },
    ]);
    const refused = [{ ok: false, column: 'name', reason: 'name is not UTF-8' }];
    expect(mapped({ columns, key: ['name'] }, 'name=Ren%E9')).toMatchObject(refused);
    expect(mapped({ columns, invalidValues: 'dead-letter' }, 'name=Ren%E9')).toMatchObject(refused);
  });

  it('are noted in the further columns of a hit', () => {
    const moreColumns = { buyer: { type: 'STRING', from: '$.name' } } as const;
    const stream = open(segmentstream({ table: 'in.hits', moreColumns }));
    expect(map(stream, 'name=Ren%E9')).toMatchObject([
      {
        row: { payload: 'name=Ren%E9', buyer: 'Ren\ufffd' },
        notes: [{ column: 'buyer', reason }],
      },
    ]);
  });
});
