import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilterComparison } from '../../../cli/deliveries/judge-filter.ts';
import { readFilter } from '../../../cli/deliveries/read-filter.ts';
import { storedEvents } from '../../../cli/deliveries/stored-events.ts';
import { announceRunning } from '../../../cli/find/running-stack.ts';
import { type BigQueryServer, startBigQuery } from '../../../local/bigquery/main.ts';
import { connectBigQuery } from '../../../local/google-clients.ts';
import type { Ports } from '../../../local/parts/ports.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { stripe } from '../../../shared/sources/presets.ts';
import { relay } from '../../../tributary.config.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

describe('tributary filter-test', { timeout: 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  let server: BigQueryServer;

  beforeAll(async () => {
    server = await startBigQuery({ restPort: 0, grpcPort: 0, directory: join(home, 'bigquery') });
    const bigquery = connectBigQuery(relay.project, server.restPort);
    for (const dataset of ['datanostro_events', 'tributary']) await bigquery.createDataset(dataset);
    await bigquery.query(`CREATE TABLE datanostro_events.events (event_id STRING, event_name STRING,
      event_time TIMESTAMP, tenant_id STRING, payload JSON, user_ip_masked STRING, user_agent STRING,
      request_source STRING, delivery_id STRING, received_at TIMESTAMP)`);
    const row = (name: string, value: string, daysAgo: number) =>
      `SELECT 'e', '${name}', CURRENT_TIMESTAMP(), 't', JSON '{"value":${value}}',
        CAST(NULL AS STRING), CAST(NULL AS STRING), 'web', 'd',
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ${daysAgo} DAY)`;
    await bigquery.query(
      `INSERT INTO datanostro_events.events ${[
        row('purchase', '9007199254740993', 1),
        row('purchase', '5', 1),
        row('add_to_cart', '7', 2),
        // Of an older filter.
        row('page_view', '7', 2),
        row('purchase', '7', 30),
      ].join(' UNION ALL ')}`,
    );
    await bigquery.query(`CREATE TABLE tributary.census (stream STRING, event_name STRING, cause STRING,
      dropped INT64, first_at TIMESTAMP, last_at TIMESTAMP, census_id STRING)`);
    await bigquery.query(`INSERT INTO tributary.census
      SELECT 'datanostro', 'page_view', 'event-filter', 40, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 'a' UNION ALL
      SELECT 'datanostro', 'page_view', 'event-filter', 2, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 'b' UNION ALL
      SELECT 'datanostro', 'scroll', 'event-filter', 9, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 'c' UNION ALL
      SELECT 'other', 'page_view', 'event-filter', 7, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 'd'`);
    const ports = { bigquery: server.restPort, bigqueryGrpc: server.grpcPort } as Ports;
    announceRunning(join(home, 'state'), { pid: process.pid, ports });
  }, 60_000);

  afterAll(async () => {
    await server?.stop();
    rmSync(home, { recursive: true });
  });

  /** Asynchronous, because the server runs in this process. */
  function filterTest(
    ...args: string[]
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    const flags = ['filter-test', ...args, '--state', join(home, 'state'), '--on', 'local'];
    return new Promise((resolve) => {
      execFile(process.execPath, [main, ...flags], (error, stdout, stderr) =>
        resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  it('counts by name what a filter would have kept, and what the census knows', async () => {
    const filter =
      "{ event: '^(purchase|page_view)$', where: { field: '$.request_body.value', gt: 6 } }";
    const { stdout, stderr } = await filterTest('datanostro', '--filter', filter, '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      stream: 'datanostro',
      table: 'datanostro_events.events',
      sinceMinutes: 7 * 24 * 60,
      limited: false,
      totals: { rows: 4, keptToday: 3, kept: 2, dropped: 2, droppedToday: 51 },
      events: [
        count('page_view', [1, 0, 1, 0, 42, 'unknown']),
        count('scroll', [0, 0, 0, 0, 9, 'dropped']),
        count('purchase', [2, 2, 1, 1, 0, null]),
        count('add_to_cart', [1, 1, 0, 1, 0, null]),
      ],
    });
  });

  it('prints a table of 80 columns, and what it does not know', async () => {
    const { stdout } = await filterTest('datanostro', '--filter', '{"events":["page_view"]}');
    expect(stdout).toMatch(/│ page_view +│ +1 │ +0 │ +1 │ +0 │ +42 │ kept +│/);
    expect(stdout).toContain(
      '4 rows of datanostro_events.events:\nthe new filter keeps 1 and drops 3;',
    );
    expect(stdout).toContain('which are not stored');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('reads as far back as it is told, and no more rows than it may', async () => {
    const filter = '{ events: ["purchase"] }';
    const far = await filterTest('datanostro', '--filter', filter, '--since', '60d', '--json');
    expect(JSON.parse(far.stdout)).toMatchObject({ totals: { rows: 5, kept: 3 } });
    const few = await filterTest('datanostro', '--filter', filter, '--limit', '2', '--json');
    expect(JSON.parse(few.stdout)).toMatchObject({ limited: true, totals: { rows: 2 } });
  });

  it.each([
    [['datanostro', '--filter', '{ event: '], 'filter.unreadable'],
    [['datanostro', '--filter', '{ event: "(a+)+$" }'], 'config.invalid'],
    [['datanostro', '--filter', '{ evnt: "a" }'], 'filter.evnt'],
    [
      ['datanostro', '--filter', '{ where: { field: "$.created_at", exists: true } }'],
      'does not hold $.created_at',
    ],
    [['absmartly', '--filter', '{ events: ["a"] }'], 'stream.no-rows'],
    [['nowhere', '--filter', '{ events: ["a"] }'], 'stream.unknown'],
    [['datanostro', '--filter', '{}', '--since', 'ever'], 'a span looks like'],
  ])('%j is refused, and the message says why', async (args, problem) => {
    const { status, stdout, stderr } = await filterTest(...args);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

function count(event: string, [rows, keptToday, kept, dropped, droppedToday, ofThese]: unknown[]) {
  return { event, rows, keptToday, kept, dropped, droppedToday, ofThese };
}

const own = defineRelay({
  project: 'my-project',
  streams: {
    billing: stripe({ table: 'a.billing' }),
    orders: generic({
      table: 'a.orders',
      columns: {
        kind: { type: 'STRING', from: '$.kind' },
        total: { type: 'NUMERIC', from: '$.order.total' },
        items: { type: 'JSON', from: '$.order.items' },
        at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
      },
    }),
    exports: absmartly({ table: 'a.b', apiUrl: 'https://shop.absmartly.com' }),
  },
});

function streamOf(name: string) {
  const stream = own.streams.get(name);
  if (!stream) throw new Error('no stream');
  return stream;
}

describe('a filter of the command line', () => {
  it.each([
    ['{"event":"^a$"}', { event: '^a$' }],
    ["{ event: '^a\\\\.b$', }", { event: '^a\\.b$' }],
    [
      "{ where: { all: [ // both\n { field: '$.n', gte: 9007199254740993n }, { not: { field: `$.t`, equals: null } } ] } }",
      {
        where: {
          all: [{ field: '$.n', gte: 9007199254740993n }, { not: { field: '$.t', equals: null } }],
        },
      },
    ],
    [
      '{ where: { field: "$.n", in: [-1.5, 1e3, true, "\\u017e"] } }',
      { where: { field: '$.n', in: [-1.5, 1000, true, 'ž'] } },
    ],
  ])('%s is read', (text, filter) => {
    expect(readFilter(text, streamOf('billing'), own)).toEqual(filter);
  });

  it.each([
    '',
    'event',
    '[]',
    '{ event }',
    '{ event: a }',
    '{ events: ["a" "b"] }',
    '{} {}',
    '{ a: process.exit() }',
  ])('%s is no filter', (text) => {
    expect(() => readFilter(text, streamOf('billing'), own)).toThrow(
      expect.objectContaining({ code: 'filter.unreadable' }),
    );
  });
});

describe('events read back from rows', () => {
  it('are whole where a column has the whole event', () => {
    const stored = storedEvents(streamOf('billing'), true);
    expect(stored).toMatchObject({ columns: ['event_name', 'payload'], time: 'received_at' });
    expect(stored.holds(['any', 'path'])).toBe(true);
    const row = { event_name: 'a', payload: '{"n": 9007199254740993}' };
    expect(stored.read(row)).toEqual({ name: 'a', json: '{"n": 9007199254740993}' });
  });

  it('have what the columns hold', () => {
    const stored = storedEvents(streamOf('orders'), false);
    expect(stored.read({ kind: 'a"b', total: '9.10', items: '[{"sku":"x"}]' })).toEqual({
      json: '{"kind":"a\\"b","order":{"total":9.10,"items":[{"sku":"x"}]}}',
    });
    const held = [['kind'], ['order', 'total'], ['order', 'items', null, 'sku']];
    expect(held.map((path) => stored.holds(path))).toEqual([true, true, true]);
    const others = [['order'], ['kind', 'x'], ['at'], []];
    expect(others.map((path) => stored.holds(path))).toEqual([false, false, false, false]);
    expect(() => storedEvents(streamOf('orders'), true)).toThrow(
      expect.objectContaining({ code: 'filter.unjudged' }),
    );
  });
});

it('judges dropped names only by what is known of them', () => {
  const comparison = new FilterComparison(undefined, { event: '^a' });
  comparison.addDropped('a', 1);
  comparison.addDropped('b', 2);
  comparison.addDropped(null, 3);
  expect(comparison.counts().map(({ event, ofThese }) => [event, ofThese])).toEqual([
    [null, 'unknown'],
    ['b', 'dropped'],
    ['a', 'kept'],
  ]);
});
