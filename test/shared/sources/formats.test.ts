import { describe, expect, it } from 'vitest';
import type { RelayStream, Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

const publicUrl = 'https://hooks.example.com';
const encoder = new TextEncoder();

function open(stream: Stream): RelayStream {
  const own = defineRelay({ project: 'my-project', publicUrl, streams: { own: stream } });
  const found = own.streams.get('own');
  if (!found) throw new Error('no stream');
  return found;
}

interface Sent {
  body: string | Uint8Array;
  contentType?: string;
  headers?: Record<string, string>;
  query?: string;
  method?: string;
}

/** What the edge reads and the subscriber makes of it: the names of both, and the rows. */
function take(stream: RelayStream, { body, headers = {}, ...sent }: Sent) {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') throw new Error('no rows');
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const header = (name: string) => headers[name];
  const reading = source.read({ body: bytes, header, ...sent }, stream);
  const mappings = source.map(
    { stream: 'own', deliveryId: 'd1', receivedAt: 0, body: bytes, headers, ...sent },
    stream,
  );
  const rows = mappings.map((mapping) => (mapping.ok ? mapping.row : mapping.reason));
  return { reading, rows };
}

const form = 'application/x-www-form-urlencoded';

describe('what senders send beside JSON', () => {
  it.each<[string, Stream, Sent, object[]]>([
    [
      'a Slack command',
      presets.slack({ table: 'd.t' }),
      {
        body: 'command=%2Fweather&text=94070&trigger_id=13345224609.738474920',
        contentType: form,
        headers: { 'x-slack-request-timestamp': '1780653599' },
      },
      [
        {
          event_name: '/weather',
          event_id: '13345224609.738474920',
          event_time: expect.stringContaining('2026-06-05T09:59:59'),
        },
      ],
    ],
    [
      'a Slack interaction',
      presets.slack({ table: 'd.t' }),
      {
        body: `payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"t1","actions":[{"action_ts":"1780653599.25"}]}')}`,
        contentType: form,
      },
      [
        {
          event_name: 'block_actions',
          event_id: 't1',
          event_time: expect.stringContaining('2026-06-05T09:59:59.25'),
        },
      ],
    ],
    [
      'a GitHub form',
      presets.github({ table: 'd.t' }),
      {
        body: `payload=${encodeURIComponent('{"zen":"a+b & c"}')}`,
        headers: { 'x-github-event': 'ping' },
      },
      [{ event_name: 'ping' }],
    ],
    [
      'a route of Mailgun',
      presets.mailgun({ table: 'd.t' }),
      { body: 'timestamp=1780653599&token=t&subject=Re%3A+x&Message-Id=m1', contentType: form },
      [{ event_id: 'm1', event_time: expect.stringContaining('2026-06-05T09:59:59') }],
    ],
    [
      'XML of DocuSign',
      presets.docusign({ table: 'd.t' }),
      { body: '<?xml version="1.0"?><a>1</a>', contentType: 'text/xml' },
      [
        {
          event_name: null,
          payload: expect.objectContaining({ text: '"<?xml version=\\"1.0\\"?><a>1</a>"' }),
        },
      ],
    ],
    [
      'a single event of SendGrid',
      presets.sendgrid({ table: 'd.t' }),
      { body: '{"event":"open","sg_event_id":"a"}' },
      [{ event_id: 'a', event_name: 'open', event_index: '0' }],
    ],
    [
      'a GET of Twilio',
      presets.twilio({ table: 'd.t' }),
      { body: 'CallSid=CA1&CallStatus=completed', method: 'GET' },
      [{ event_id: 'CA1.completed', event_name: 'completed' }],
    ],
    [
      'lines of JSON',
      generic({ table: 'd.t', each: 'lines', id: '$.id' }),
      { body: '{"id":1}\r\n{"id":2}\n', contentType: 'application/x-ndjson' },
      [
        { event_id: '1', event_index: '0' },
        { event_id: '2', event_index: '1' },
      ],
    ],
    [
      'JSON in Latin-1, to DataNostro',
      datanostro({ table: 'd.t' }),
      {
        body: Uint8Array.from('{"id":"\xe9"}', (char) => char.charCodeAt(0)),
        contentType: 'application/json; charset=iso-8859-1',
      },
      [{ event_id: 'é' }],
    ],
  ])('%s', (_, stream, sent, rows) => {
    const taken = take(open(stream), sent);
    expect(taken.reading.kind).toBe('events');
    expect(taken.rows).toMatchObject(rows);
    const names = 'events' in taken.reading ? taken.reading.events.map(({ name }) => name) : [];
    if ('event_name' in (rows[0] ?? {})) {
      expect(names.map((name) => name ?? null)).toEqual(
        rows.map((row) => (row as { event_name: string | null }).event_name),
      );
    }
  });

  it('a value that is repeated hides nothing that Twilio’s signature covers, and is kept', () => {
    const body = 'MessageSid=SM1&MessageStatus=sent&MessageStatus=sent&MediaUrl=a&MediaUrl=a';
    const { reading, rows } = take(open(presets.twilio({ table: 'd.t' })), { body });
    expect(reading).toMatchObject({ events: [{ name: 'sent' }] });
    expect(rows).toMatchObject([
      {
        event_id: 'SM1.sent',
        payload: expect.objectContaining({
          text: '{"MessageSid":"SM1","MessageStatus":["sent","sent"],"MediaUrl":["a","a"]}',
        }),
      },
    ]);
  });
});

describe('the query of a delivery', () => {
  const moreColumns = {
    shop: { type: 'STRING', from: 'query:shop', required: true },
    via: { type: 'STRING', from: 'header:x-via' },
    tags: { type: 'JSON', from: 'query:tag' },
  } as const;

  it.each<[string, Stream]>([
    ['generic', generic({ table: 'd.t', moreColumns })],
    ['datanostro', datanostro({ table: 'd.t', moreColumns })],
    ['segmentstream', segmentstream({ table: 'd.t', moreColumns })],
  ])('fills columns of %s', (_, stream) => {
    const own = open(stream);
    const sent = { body: '{"id":1}', headers: { 'x-via': 'v' } };
    const { reading, rows } = take(own, { ...sent, query: 'shop=a%20b&tag=1&tag=2' });
    expect(reading.kind).toBe('events');
    expect(rows).toMatchObject([
      { shop: 'a b', via: 'v', tags: expect.objectContaining({ text: '["1","2"]' }) },
    ]);
    const source = sources[own.source];
    const layout = source.delivers === 'rows' ? source.layout(own).columns : [];
    expect(Object.keys(rows[0] ?? {}).toSorted()).toEqual(
      layout.map(({ name }) => name).toSorted(),
    );
    expect(source.headers(own)).toEqual(['x-via']);
    expect(take(own, sent).reading).toMatchObject({ kind: 'malformed', field: 'shop' });
  });

  it.each<[string, Pick<Partial<Stream>, 'each' | 'event' | 'id'>]>([
    ['an event of its own', {}],
    ['one of a batch', { each: '$' }],
    ['what its columns say', { event: 'query:event', id: 'query:id' }],
  ])('is %s, where a key is shown and there is no body', (_, shape) => {
    const stream = open(generic({ table: 'd.t', event: '$.event', id: '$.id', ...shape }));
    const { reading, rows } = take(stream, { body: '', query: 'event=a+b&id=1&tag=%C3%A9' });
    expect(reading).toMatchObject({ events: [{ name: 'a b' }] });
    expect(rows).toMatchObject([
      {
        event_id: '1',
        event_name: 'a b',
        payload: expect.objectContaining({ text: '{"event":"a b","id":"1","tag":"é"}' }),
      },
    ]);
  });

  it.each<[string, Stream]>([
    ['signs the body alone', generic({ table: 'd.t', scheme: 'github', event: '$.event' })],
    ['takes no forms', generic({ table: 'd.t', body: 'json', event: '$.event' })],
  ])('is nothing without a body where the stream %s', (_, stream) => {
    const { reading } = take(open(stream), { body: '', query: 'event=a' });
    expect(reading).toEqual({ kind: 'malformed', problem: 'the body is empty' });
  });

  it('decides nothing where nobody has signed it', () => {
    const filtered = (scheme: 'github' | 'square' | 'api-key') => () =>
      open(generic({ table: 'd.t', scheme, event: 'query:type', filter: { events: ['a'] } }));
    expect(filtered('github')).toThrow('looks at the query type');
    expect(filtered('square')).not.toThrow();
    expect(filtered('api-key')).not.toThrow();
  });

  it.each<[Stream, string]>([
    [
      datanostro({ table: 'd.t', moreColumns: { payload: { type: 'STRING', from: 'query:a' } } }),
      'moreColumns.payload is a column of the source already',
    ],
    [
      segmentstream({ table: 'd.t', moreColumns: { a: { type: 'STRING', from: 'query:' } } }),
      'moreColumns.a.from names nothing of the query',
    ],
    [
      {
        ...absmartly({ table: 'd.t', apiUrl: 'https://acme.absmartly.com' }),
        moreColumns: { a: { type: 'STRING', from: 'query:a' } },
      },
      'moreColumns is not for exports',
    ],
  ])('is checked with the config', (stream, problem) => {
    expect(() => open(stream)).toThrow(problem);
  });
});
