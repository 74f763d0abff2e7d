import { describe, expect, it, onTestFinished } from 'vitest';
import { type DatanostroOptions, startDatanostro } from '../../../local/datanostro/main.ts';

const authorized = { authorization: 'Api-Key second' };
const path = '/api/v1/events/export/';
const day = '?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z';

async function start(options: Partial<DatanostroOptions> = {}): Promise<string> {
  const sender = await startDatanostro({ port: 0, apiKeys: ['first', 'second'], ...options });
  onTestFinished(() => sender.stop());
  return `http://127.0.0.1:${sender.port}`;
}

describe("the stand-in for DataNostro's API", () => {
  it('gives the events of a window, the same each time, without its end', async () => {
    const url = await start();
    const get = async () =>
      (await (await fetch(url + path + day, { headers: authorized })).text()).trimEnd().split('\n');
    const lines = await get();
    expect(lines).toHaveLength(2880);
    const events = lines.map((line) => JSON.parse(line) as { id: string; created_at: string });
    expect(events[0]?.created_at).toBe('2026-01-01T00:00:00.000Z');
    expect(events.at(-1)?.created_at).toBe('2026-01-01T23:59:30.000Z');
    expect(new Set(events.map(({ id }) => id)).size).toBe(2880);
    expect(await get()).toEqual(lines);
  });

  it.each<[number, string, RequestInit]>([
    [401, path + day, {}],
    [401, path + day, { headers: { authorization: 'Api-Key third' } }],
    [400, path, { headers: authorized }],
    [400, `${path}?from=yesterday&to=2026-01-02`, { headers: authorized }],
    [404, '/api/v1/events/', { headers: authorized }],
    [405, path + day, { headers: authorized, method: 'DELETE' }],
  ])('answers %i for %s', async (status, target, init) => {
    const response = await fetch((await start()) + target, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('detail');
  });

  it('reads no further ahead than it is read', async () => {
    let made = 0;
    const line = 'x'.repeat(10_000);
    const url = await start({
      *history() {
        for (; ; made++) yield line;
      },
    });
    const stop = new AbortController();
    const response = await fetch(url + path + day, { headers: authorized, signal: stop.signal });
    await response.body?.getReader().read();
    // The sender stops; without backpressure it would continue until the test's timeout.
    for (let before = -1; before !== made; ) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(made).toBeGreaterThan(0);
    stop.abort();
  });
});
