import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signDelivery } from '../../local/samples/deliveries.ts';
import { relay } from '../../tributary.config.ts';
import { Home, RelayProcess, select, until } from '../beds/relay-process.ts';

/** Events that pass the filter, each odd in its own way: what the edge takes must end somewhere. */
const purchase = (members: string) => `{"event_name":"purchase",${members}}`;

interface OddEvent {
  name: string;
  body: string;
  /** Cells of its row (event_time in Unix microseconds), and the columns that it lacks, if any. */
  ends: { row: Record<string, string | null>; lacks?: string };
}

const isoNow = new Date().toISOString();
const seconds = Math.floor(Date.now() / 1000);
const isoSecond = new Date(seconds * 1000).toISOString().slice(0, 19);

const oddEvents: OddEvent[] = [
  {
    name: 'numbers beyond 2^53 arrive as sent',
    body: purchase('"id":9007199254740993,"request_body":{"n":12345678901234567890,"x":0.1}'),
    ends: {
      row: { event_id: '9007199254740993', payload: '{"n":12345678901234567890,"x":0.1}' },
    },
  },
  {
    name: 'duplicate keys in the payload',
    body: purchase('"id":"dup","request_body":{"a":1,"a":2}'),
    // They are written as they came. A JSON column keeps the first of them.
    ends: { row: { payload: '{"a":1}' } },
  },
  {
    name: 'request_body as a string of JSON',
    body: purchase('"id":"s1","request_body":"{\\"items\\":[{\\"sku\\":\\"A\\"}]}"'),
    ends: { row: { payload: '{"items":[{"sku":"A"}]}' } },
  },
  {
    name: 'request_body as a plain string',
    body: purchase('"id":"s2","request_body":"hello"'),
    ends: { row: { payload: '"hello"' } },
  },
  {
    name: 'request_body null',
    body: purchase('"id":"s3","request_body":null'),
    ends: { row: { payload: null } },
  },
  {
    name: 'a NUL in a text and in the payload',
    body: purchase('"id":"nul","user_agent":"a\\u0000b","request_body":{"s":"\\u0000"}'),
    ends: { row: { user_agent: 'a\u0000b' } },
  },
  { name: 'no event_time', body: purchase('"id":"t0"'), ends: { row: { event_time: null } } },
  {
    name: 'event_time in Unix seconds',
    body: purchase(`"id":"t1","created_at":${seconds}`),
    ends: { row: { event_time: `${seconds}000000` } },
  },
  {
    name: 'event_time in Unix milliseconds, as text',
    body: purchase(`"id":"t2","created_at":"${seconds}000"`),
    ends: { row: { event_time: `${seconds}000000` } },
  },
  {
    name: 'event_time with an offset and seven digits',
    body: purchase(`"id":"t3","created_at":"${isoSecond}.1234567+00:00"`),
    ends: { row: { event_time: `${seconds}123456` } },
  },
  {
    name: 'event_time of a hundred years ago',
    body: purchase('"id":"t4","created_at":"1926-01-01T00:00:00Z"'),
    ends: { row: { event_time: null }, lacks: 'event_time' },
  },
  {
    name: 'event_time of the year 9999',
    body: purchase('"id":"t5","created_at":"9999-12-31T23:59:59Z"'),
    ends: { row: { event_time: null }, lacks: 'event_time' },
  },
  {
    name: 'event_time that is no time',
    body: purchase('"id":"t6","created_at":"yesterday"'),
    ends: { row: { event_time: null }, lacks: 'event_time' },
  },
  {
    name: 'a lone surrogate in a text',
    body: purchase('"id":"u1","user_agent":"\\ud800"'),
    ends: { row: { user_agent: '\ufffd' }, lacks: 'user_agent' },
  },
  {
    name: 'a lone surrogate in the payload',
    body: purchase('"id":"u2","request_body":{"s":"\\udfff"}'),
    ends: { row: { payload: '{"s":"\ufffd"}' }, lacks: 'payload' },
  },
  {
    name: 'an object where a text belongs',
    body: purchase('"id":"o1","tenant_id":{}'),
    ends: { row: { tenant_id: null }, lacks: 'tenant_id' },
  },
  // Last: what came before must not have poisoned the batch that this one is in.
  {
    name: 'an ordinary event among them',
    body: purchase(`"id":"ok","created_at":"${isoNow}","request_body":{"a":1}`),
    ends: { row: { event_id: 'ok', payload: '{"a":1}' } },
  },
];

const lacking = oddEvents.filter(({ ends }) => ends.lacks !== undefined);

describe('odd events, end to end', { timeout: 60_000 }, () => {
  const home = new Home();
  const ids = new Map<string, string>();
  let relayProcess: RelayProcess;
  let rows: Map<string, Record<string, string | null>>;
  let dead: Map<string, Record<string, string | null>>;

  beforeAll(async () => {
    relayProcess = await RelayProcess.start(home);
    await Promise.all(oddEvents.map(async ({ name, body }) => ids.set(name, await send(body))));
    const read = (table: string, columns: string) =>
      select<Record<string, string | null>>(
        relayProcess.bigquery,
        `SELECT delivery_id, ${columns} FROM \`${relay.project}.${table}\``,
      );
    await until(
      async () => [
        ...(await read('datanostro_events.events', 'event_id')),
        ...(await read(relay.deadLetters, 'stream')),
      ],
      (found) => found.length >= oddEvents.length + lacking.length,
    );
    const event =
      'event_id, tenant_id, user_agent, IF(payload IS NULL, NULL, TO_JSON_STRING(payload)) AS payload, CAST(UNIX_MICROS(event_time) AS STRING) AS event_time';
    rows = byId(await read('datanostro_events.events', event));
    dead = byId(
      await read(
        relay.deadLetters,
        '`column`, reason, CAST(written_in_part AS STRING) AS in_part, TO_BASE64(data) AS data',
      ),
    );
  }, 60_000);

  afterAll(async () => {
    await relayProcess.interrupt();
    home.remove();
  });

  it('what the filter drops is counted by name', async () => {
    for (const name of ['scroll', 'scroll', 'page_view']) await send(`{"event_name":"${name}"}`);
    const counts = await until(
      () =>
        select<{ event_name: string; dropped: number }>(
          relayProcess.bigquery,
          `SELECT event_name, SUM(dropped) AS dropped FROM \`${relay.project}.tributary.census\` GROUP BY event_name ORDER BY event_name`,
        ),
      (found) => found.reduce((sum, { dropped }) => sum + dropped, 0) >= 3,
    );
    expect(counts).toEqual([
      { event_name: 'page_view', dropped: 1 },
      { event_name: 'scroll', dropped: 2 },
    ]);
  });

  async function send(body: string): Promise<string> {
    const stream = relay.streams.get('datanostro');
    if (!stream) throw new Error('no stream');
    const draft = { body, contentType: 'application/json' };
    const signed = await signDelivery(draft, stream, {
      relay,
      secrets: home.secrets,
      edge: relayProcess.edge,
      now: Date.now(),
    });
    const response = await fetch(signed.url, { method: 'POST', headers: signed.headers, body });
    expect(response.status).toBe(204);
    return response.headers.get('tributary-delivery-id') ?? '';
  }

  it('every one is a row, once, and is kept besides where the row lacks something', () => {
    expect(new Set(rows.keys())).toEqual(new Set(ids.values()));
    expect(new Set(dead.keys())).toEqual(new Set(lacking.map(({ name }) => ids.get(name))));
  });

  it.each(oddEvents)('$name', ({ name, body, ends }) => {
    const id = ids.get(name) ?? '';
    expect(rows.get(id)).toMatchObject(ends.row);
    if (ends.lacks === undefined) return;
    expect(dead.get(id)).toMatchObject({
      column: ends.lacks,
      in_part: 'true',
      data: Buffer.from(body).toString('base64'),
      reason: expect.stringContaining(ends.lacks),
    });
  });
});

function byId(found: Record<string, string | null>[]): Map<string, Record<string, string | null>> {
  return new Map(found.map((row) => [row['delivery_id'] ?? '', row]));
}
