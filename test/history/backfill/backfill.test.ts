import { describe, expect, it } from 'vitest';
import { type BackfillOptions, backfill } from '../../../history/backfill/backfill.ts';
import { type HistorySource, readHistory } from '../../../history/fetch/history-api.ts';
import { RejectedRecords } from '../../../history/lines/rejected-records.ts';
import { cutWindows, type TimeWindow } from '../../../history/time-window.ts';
import {
  day,
  eventLine,
  type HistoryBed,
  hour,
  manyEvents,
  sourceOf,
  startHistory,
  startHistoryBed,
  streamOf,
} from '../../beds/history-bed.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';

const whole: TimeWindow = { from: day, to: day + 24 * hour };

function run(bed: HistoryBed, source: HistorySource, options: Partial<BackfillOptions> = {}) {
  return backfill({
    ...bed,
    windows: [whole],
    open: (window) => readHistory(source, window),
    ...options,
  });
}

describe('a backfill', () => {
  it('writes missing events with the mapping of deliveries, and nothing in a second run', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => [
      eventLine('evt_1', day, { tenant_id: 9007199254740993n.toString(), user_agent: null }),
      eventLine('evt_2', day + 1),
    ]);
    expect(await run(bed, source)).toMatchObject({ lines: 2, written: 2, present: 0 });
    const select = `SELECT event_id, event_time, JSON_VALUE(payload, '$.id') AS id, user_agent,
      delivery_id, received_at FROM shop.events ORDER BY event_id`;
    const rows = await bed.query<{ delivery_id: string }>(select);
    expect(rows).toMatchObject([
      { event_id: 'evt_1', id: 'evt_1', user_agent: null },
      { event_id: 'evt_2', id: 'evt_2' },
    ]);
    for (const { delivery_id } of rows) {
      expect(delivery_id).toMatch(
        /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      );
    }
    expect(await run(bed, source)).toMatchObject({ written: 0, present: 2 });
    expect(await bed.query(select)).toEqual(rows);
  });

  it('does not touch rows from the webhook, nor events of other hours', async () => {
    const bed = await startHistoryBed();
    await bed.query(
      `INSERT shop.events (event_id, event_time, delivery_id) VALUES
       ('evt_1', TIMESTAMP_MILLIS(${day}), 'a'), ('evt_2', NULL, 'b')`,
    );
    const source = await startHistory(() => [
      eventLine('evt_1', day),
      eventLine('evt_2', day + 2),
      eventLine('evt_3', day + 3),
      eventLine('evt_3', day + 3),
      eventLine('evt_4', day + 24 * hour),
      eventLine('evt_5', day - 1),
    ]);
    expect(await run(bed, source)).toEqual({
      lines: 6,
      written: 1,
      present: 2,
      repeated: 1,
      filtered: 0,
      outside: 2,
      rejected: 0,
    });
    expect(await bed.eventIds()).toEqual(['evt_1', 'evt_2', 'evt_3']);
  });

  it('applies the stream’s filter', async () => {
    const stream = streamOf({ filter: { event: '^purchase$' } });
    const bed = await startHistoryBed(stream);
    const source = await startHistory(
      () => [eventLine('a', day), eventLine('b', day, { event_name: 'page_view' })],
      stream,
    );
    expect(await run(bed, source)).toMatchObject({ written: 1, filtered: 1 });
  });

  it('identifies events without an id by their line', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => [eventLine(null, day), eventLine(null, day + 1)]);
    expect(await run(bed, source)).toMatchObject({ written: 2 });
    expect(await run(bed, source)).toMatchObject({ written: 0, present: 2 });
  });

  it('identifies the rows of a keyed stream by their key', async () => {
    const stream = streamOf({ key: ['tenant_id', 'event_id'] });
    const bed = await startHistoryBed(stream);
    const lines = [
      eventLine('a', day, { tenant_id: 't1' }),
      eventLine('a', day, { tenant_id: 't2' }),
      eventLine('a', day, { tenant_id: 't1', user_agent: 'again' }),
    ];
    const source = await startHistory(() => lines, stream);
    expect(await run(bed, source)).toMatchObject({ written: 2, repeated: 1 });
    expect(await run(bed, source)).toMatchObject({ written: 0, present: 3 });
    expect(await bed.eventIds()).toEqual(['a', 'a']);
  });

  it('writes an event that comes with the neighbour of its window, and none outside all windows', async () => {
    const bed = await startHistoryBed();
    const noon = day + 12 * hour;
    // Selected by another clock: an event just before noon comes only with the afternoon.
    const source = await startHistory((from) =>
      from < noon
        ? [eventLine('a', day)]
        : [
            eventLine('late', noon - 1),
            eventLine('far', noon - 2 * hour),
            eventLine('b', noon),
            eventLine('next day', day + 24 * hour),
          ],
    );
    const windows = cutWindows(whole, 12 * hour);
    expect(await run(bed, source, { windows })).toMatchObject({ written: 3, outside: 2 });
    expect(await bed.eventIds()).toEqual(['a', 'b', 'late']);
    expect(await run(bed, source, { windows })).toMatchObject({ written: 0, outside: 3 });
  });

  it('writes nothing in a dry run, and counts what it would write', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => [eventLine('a', day), 'no JSON']);
    const counts = await run(bed, source, { client: undefined });
    expect(counts).toMatchObject({ written: 1, rejected: 1 });
    expect(await bed.eventIds()).toEqual([]);
  });

  it('reports bad lines with their numbers, and writes the others', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => [
      eventLine('a', day),
      '',
      '{"id": "b", "created_at": ',
      '["c"]',
      '{"detail": "Internal error"}',
      eventLine('d', day, { event_name: {} }),
      '{"id": "e", "created_at": "yesterday"}',
      `{"id": "f", "created_at": "${new Date(day).toISOString()}", "request_body": "${'x'.repeat(8 * 1024 * 1024)}"}`,
      eventLine('g', day),
    ]);
    expect(await run(bed, source)).toMatchObject({ lines: 8, written: 2, rejected: 6 });
    expect(bed.rejected.map(({ line, column, reason }) => [line, column ?? reason])).toEqual([
      [3, 'the body is not JSON'],
      [4, 'the body is not a JSON object'],
      [5, 'it has neither an id nor a time'],
      [6, 'event_name'],
      [7, 'event_time'],
      [8, 'the line is too long'],
    ]);
    expect(await bed.eventIds()).toEqual(['a', 'g']);
  });

  it('with `strict` stops at the first bad line, and writes nothing of the window', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => [eventLine('a', day), 'bad', eventLine('b', day)]);
    const rejectedRecords = new RejectedRecords({ strict: true, onRejected: () => {} });
    await expect(run(bed, source, { rejectedRecords })).rejects.toMatchObject({
      code: 'line.rejected',
    });
    expect(await bed.eventIds()).toEqual([]);
  });

  it('splits a window with too many ids, and goes on', async () => {
    const bed = await startHistoryBed();
    const asked: TimeWindow[] = [];
    const source = await startHistory((from, to) => {
      asked.push({ from, to });
      return manyEvents(from, to, (to - from) / hour);
    });
    const done: TimeWindow[] = [];
    const counts = await run(bed, source, {
      maxIds: 7,
      onWindow: (window) => done.push(window),
    });
    expect(counts).toMatchObject({ written: 24, lines: 24 });
    expect(done).toEqual(cutWindows(whole, 6 * hour));
    expect(asked[0]).toEqual(whole);
    expect(new Set(await bed.eventIds()).size).toBe(24);
  });

  it('fails if even one second has too many ids', async () => {
    const bed = await startHistoryBed();
    const source = await startHistory(() => ['a', 'b', 'c'].map((id) => eventLine(id, day)));
    await expect(run(bed, source, { maxIds: 2 })).rejects.toMatchObject({
      code: 'window.too-many-events',
    });
  });
});

describe('a sender that fails', () => {
  it('is asked again if it is busy, not reachable, or breaks off', async () => {
    const bed = await startHistoryBed();
    const half = `${eventLine('a', day)}\n${eventLine('b', day)}\n`;
    const sender = await startSenderBed((_, response) => {
      const turn = sender.requests.length;
      if (turn === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      else if (turn === 2) response.writeHead(503).end();
      else if (turn === 3) response.destroy();
      else if (turn === 4) {
        response.write(half);
        setTimeout(() => response.destroy(), 50);
      } else response.end(`${half}bad\n${eventLine('c', day)}\n`);
    });
    expect(await run(bed, sourceOf(sender.url))).toMatchObject({ written: 3, rejected: 1 });
    expect(sender.requests).toHaveLength(5);
    expect(bed.rejected).toHaveLength(1);
    expect(await bed.eventIds()).toEqual(['a', 'b', 'c']);
  });

  it('is asked again if its response ends within a line, but not if only the last line break is missing', async () => {
    const bed = await startHistoryBed();
    const lines = `${eventLine('a', day)}\n${eventLine('b', day)}`;
    const sender = await startSenderBed((_, response) => {
      response.end(sender.requests.length === 1 ? lines.slice(0, -10) : lines);
    });
    expect(await run(bed, sourceOf(sender.url))).toMatchObject({ written: 2, rejected: 0 });
    expect(sender.requests).toHaveLength(2);
    expect(sender.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(await bed.eventIds()).toEqual(['a', 'b']);
  });

  it.each([
    [401, 'history.unauthorized'],
    [403, 'history.unauthorized'],
    [404, 'history.not-found'],
    [400, 'history.refused'],
  ])('is not asked again if it answers %i', async (status, code) => {
    const bed = await startHistoryBed();
    const sender = await startSenderBed((_, response) => response.writeHead(status).end());
    await expect(run(bed, sourceOf(sender.url))).rejects.toMatchObject({ code });
    expect(sender.requests).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof startSenderBed>[0], string]>([
    ['never answers', () => {}, 'nothing came for 200 ms'],
    ['is busy for good', (_, response) => response.writeHead(503).end(), 'answers 503'],
    ['is not there', (_, response) => response.destroy(), 'does not answer'],
  ])('causes `history.unavailable` if it %s', async (_, answer, problem) => {
    const bed = await startHistoryBed();
    const sender = await startSenderBed(answer);
    const told: string[] = [];
    const source: HistorySource = {
      ...sourceOf(sender.url),
      idleTimeoutMs: 200,
      retryPolicy: { maxElapsedMs: 600, random: () => 0.01 },
      onWait: (why) => told.push(why),
    };
    await expect(run(bed, source)).rejects.toMatchObject({
      code: 'history.unavailable',
      message: expect.stringContaining(problem),
    });
    expect(sender.requests.length).toBeGreaterThan(1);
    expect(told[0]).toContain(problem);
  });

  it('is asked again after the idle timeout within a response', async () => {
    const bed = await startHistoryBed();
    const sender = await startSenderBed((_, response) => {
      response.write(`${eventLine('a', day)}\n`);
      if (sender.requests.length > 1) response.end(`${eventLine('b', day)}\n`);
    });
    const source = { ...sourceOf(sender.url), idleTimeoutMs: 200 };
    expect(await run(bed, source)).toMatchObject({ written: 2, rejected: 0 });
    expect(await bed.eventIds()).toEqual(['a', 'b']);
  });

  it('gets no redirect followed with the key', async () => {
    const bed = await startHistoryBed();
    const other = await startSenderBed((_, response) => response.end());
    const sender = await startSenderBed((_, response) =>
      response.writeHead(302, { location: `${other.url}/?x=1` }).end(),
    );
    await expect(run(bed, sourceOf(sender.url))).rejects.toMatchObject({
      code: 'history.redirect',
      message: expect.stringContaining(other.url),
    });
    expect(other.requests).toEqual([]);
  });

  it('causes an error if it answers with a page of HTML', async () => {
    const bed = await startHistoryBed();
    const sender = await startSenderBed((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>Log in'),
    );
    await expect(run(bed, sourceOf(sender.url))).rejects.toMatchObject({
      code: 'history.no-jsonl',
    });
  });

  it('is asked with the window, and with the key in the configured header', async () => {
    const stream = streamOf({
      history: { url: 'https://a.example', path: '/v2/events', header: 'X-Api-Key: key {key}' },
    });
    const bed = await startHistoryBed(stream);
    const sender = await startSenderBed((_, response) => response.end());
    await run(bed, sourceOf(`${sender.url}/eu/`, stream));
    const [request] = sender.requests;
    const url = new URL(request?.url ?? '', sender.url);
    expect(url.pathname).toBe('/eu/v2/events');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      from: new Date(whole.from).toISOString(),
      to: new Date(whole.to).toISOString(),
    });
    expect(request?.headers['x-api-key']).toBe('key the-key');
  });
});
