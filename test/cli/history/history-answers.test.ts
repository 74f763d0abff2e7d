import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startCommandBed } from '../../beds/command-bed.ts';

// What a sender's API may answer instead of events. None of it counts as "nothing is missing".

const day = Date.now() - (Date.now() % 86_400_000) - 2 * 86_400_000;
const range = [
  '--from',
  new Date(day).toISOString(),
  '--to',
  new Date(day + 3_600_000).toISOString(),
];

const event = (id: string, name = 'purchase') =>
  JSON.stringify({ id, event_name: name, created_at: new Date(day + 60_000).toISOString() });

/** A place whose sender gives the same answer for every window. */
async function placeThatAnswers(status: number, body: string, type = 'application/json') {
  const place = await startCommandBed(() => []);
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(status === 204 ? undefined : body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  place.environment['DATANOSTRO_API_URL'] = `http://127.0.0.1:${port}`;
  return place;
}

describe('an answer without any event', { timeout: 60_000 }, () => {
  it.each([
    ['an error with 200', '{"error":"rate limit exceeded"}', 'application/json'],
    ['an error over several lines', '{\n  "error": "rate limit exceeded"\n}\n', 'application/json'],
    ['a CSV', 'id,event_name\na,purchase\n', 'text/csv'],
    ['a page', '<!DOCTYPE html><title>Sign in</title>', 'text/plain'],
    ['an object around the events', `{"events":[${event('a')}]}`, 'application/json'],
    ['an array of errors', '[{"error":"rate limit exceeded"}]', 'application/json'],
  ])('%s', async (_, body, type) => {
    const place = await placeThatAnswers(200, body, type);
    for (const command of ['reconcile', 'backfill']) {
      const { status, out, err } = await place.runInProcess(command, 'datanostro', ...range);
      expect(status).toBe(1);
      expect(out).not.toMatch(/missing/);
      // The window, and the beginning of the answer.
      expect(err).toContain(new Date(day).toISOString().slice(0, 10));
      expect(err).toContain(body.trim().replace(/\s+/g, ' '));
      expect(err).not.toContain('    at ');
    }
  });
});

describe('an answer with events, or one that says that there are none', { timeout: 60_000 }, () => {
  it('a JSON array is read', async () => {
    const place = await placeThatAnswers(200, `[\n${event('a')},\n${event('b')}]`);
    const found = await place.runInProcess('reconcile', 'datanostro', ...range, '--format', 'json');
    expect(found.status).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({ sent: 2, missing: 2 });
    expect(await place.runInProcess('backfill', 'datanostro', ...range)).toMatchObject({
      status: 0,
    });
    expect((await place.rows()).map(({ event_id }) => event_id).sort()).toEqual(['a', 'b']);
  });

  it('events that the filter drops count as events', async () => {
    const place = await placeThatAnswers(200, `${event('a', 'page_view')}\n`);
    expect(await place.runInProcess('reconcile', 'datanostro', ...range)).toMatchObject({
      status: 0,
    });
  });

  it.each([
    [204, ''],
    [200, ''],
    [200, '\n'],
    [200, '[]'],
  ])('%i with %j: no events', async (status, body) => {
    const place = await placeThatAnswers(status, body);
    expect(await place.runInProcess('reconcile', 'datanostro', ...range)).toMatchObject({
      status: 0,
    });
  });
});
