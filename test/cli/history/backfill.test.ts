import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandBed, startCommandBed } from '../../beds/command-bed.ts';
import { eventLine, manyEvents } from '../../beds/history-bed.ts';

const hour = 3_600_000;
const today = Math.floor(Date.now() / (24 * hour)) * 24 * hour;
const from = new Date(today - 48 * hour).toISOString().slice(0, 10);
const to = new Date(today - 24 * hour).toISOString().slice(0, 10);
const range = ['--from', from, '--to', to];

/** Kills a command shortly after a number of requests to the sender, while it reads, appends or commits. */
async function killAfter(
  place: CommandBed,
  command: readonly string[],
  { asked, thenMs }: { asked: number; thenMs: number },
): Promise<void> {
  const enough = place.asked.length + asked;
  const run = place.start(...command);
  while (run.process.exitCode === null && place.asked.length < enough) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, thenMs));
  run.process.kill('SIGKILL');
  await run.ended;
}

describe('tributary backfill', { timeout: 120_000 }, () => {
  it('prints what it would write, writes it, and finds it in the table the next time', async () => {
    const place = await startCommandBed((begin, end) => [
      ...manyEvents(begin, end, 30),
      eventLine('seen', begin, { event_name: 'page_view' }),
      'bad',
    ]);
    const day = ['backfill', 'datanostro', ...range, '--window', '12h'];
    const dry = await place.run(...day, '--dry-run');
    expect(dry).toMatchObject({ status: 1, out: expect.stringContaining('Nothing was written') });
    // The head is wrapped, to fit 80 columns.
    expect(dry.out).toMatch(/│ +to be │[^\n]*\n[^\n]*│ *written │/);
    expect(dry.out).toMatch(/│ all +│ *64 │ *60 │ *0 │ *0 │ *2 │ *0 │ *2 │/);

    const rejects = join(place.directory, 'rejects.jsonl');
    const first = await place.run(...day, '--rejected', rejects);
    expect(first).toMatchObject({ status: 1 });
    expect(first.out).toMatch(/│ all +│ *64 │ *60 │ *0 │/);
    expect(first.err).toContain(`${from}T00:00Z … ${from}T12:00Z, line 32: the body is not JSON`);
    const kept = (await readFile(rejects, 'utf8')).trimEnd().split('\n');
    expect(kept.map((line) => JSON.parse(line))).toMatchObject([
      { line: 32, reason: 'the body is not JSON', text: 'bad' },
      { line: 32, reason: 'the body is not JSON', text: 'bad' },
    ]);

    const second = await place.run(...day);
    expect(second.out).toMatch(/│ all +│ *64 │ *0 │ *60 │/);
    expect(await place.rows()).toHaveLength(60);
  });

  it('is killed again and again; at the end no row is duplicated or missing', async () => {
    const perHour = 500;
    const place = await startCommandBed((begin, end) =>
      manyEvents(begin, end, ((end - begin) / hour) * perHour),
    );
    const command = ['backfill', 'datanostro', ...range, '--window', '1h'];
    for (let kill = 0; kill < 4; kill++) {
      await killAfter(place, command, { asked: 3 + kill * 2, thenMs: kill * 15 });
      // A window is written as a whole, or not at all.
      expect((await place.rows()).length % perHour).toBe(0);
    }
    expect(await place.run(...command)).toMatchObject({ status: 0 });
    const ids = (await place.rows()).map(({ event_id }) => event_id);
    const expected = Array.from({ length: 24 }, (_, n) => {
      const begin = today - 48 * hour + n * hour;
      return [...manyEvents(begin, begin + hour, perHour)].map((line) => JSON.parse(line).id);
    });
    expect(ids.sort()).toEqual(expected.flat().sort());
  });

  it('keeps only a part of what it reads in memory', async () => {
    const filler = 'x'.repeat(2500);
    const count = 100_000;
    const place = await startCommandBed(function* (begin, end) {
      for (let n = 0; n < count; n++) {
        const time = Math.floor(begin + (n * (end - begin)) / count);
        yield eventLine(`evt_${n}`, time, { user_agent: filler });
      }
    });
    const { status, out } = await place.run('backfill', 'datanostro', ...range);
    expect(status).toBe(0);
    expect(out).toMatch(/│ all +│ *100,000 │ *100,000 │/);
    // The lines alone are 260 MB.
    expect(await place.peakMiB()).toBeLessThan(300);
  });

  it.each([
    [['backfill', 'nothing', ...range], 'no stream "nothing"; there is: datanostro'],
    [['backfill', 'absmartly', ...range], 'is filled with exports'],
    [['backfill', 'crm', ...range], 'no column with the time of its events'],
    [['backfill', 'datanostro', '--from', '2026-02-30'], 'a time looks like'],
    [['backfill', 'datanostro', ...range, '--window', '1w'], 'a span looks like'],
    [['backfill', 'datanostro', '--from', to, '--to', from], '--from must be before --to'],
    [['backfill', 'datanostro'], '--from'],
  ])('%j is refused, and the message says why', async (args, problem) => {
    const place = await startCommandBed(() => []);
    const { status, err } = await place.runInProcess(...args);
    expect(status).toBe(2);
    expect(err).toContain(problem);
    expect(err).not.toContain('    at ');
    expect(place.asked).toEqual([]);
  });
});

describe('tributary reconcile', { timeout: 120_000 }, () => {
  it('exits with 1 while events are missing, and repairs the table', async () => {
    let gap = true;
    const place = await startCommandBed((begin, end) =>
      [...manyEvents(begin, end, ((end - begin) / hour) * 10)].filter((_, n) => !gap || n % 7 > 0),
    );
    await place.run('backfill', 'datanostro', ...range);
    gap = false;
    const command = ['reconcile', 'datanostro', ...range];
    const found = await place.run(...command);
    expect(found).toMatchObject({ status: 1, err: '' });
    expect(found.out).toContain('240 events of the sender, 205 rows, 35 missing, 0 extra');
    const asJson = await place.run(...command, '--format', 'json', '--ids', '1', '--repair');
    expect(asJson.status).toBe(0);
    const report = JSON.parse(asJson.out);
    expect(report).toMatchObject({ sent: 240, rows: 205, missing: 35, repaired: 35 });
    expect(report.hours).toHaveLength(24);
    expect(report.hours[0]).toMatchObject({
      hour: `${from}T00:00:00.000Z`,
      missing: { count: 2, ids: [expect.stringMatching(/^evt_/)] },
    });
    expect(await place.run(...command)).toEqual({
      status: 0,
      out: '240 events of the sender, 240 rows, 0 missing, 0 extra, 0 duplicate.\n',
      err: '',
    });
  });

  it('is killed again and again during a repair; at the end no row is duplicated or missing', async () => {
    const perHour = 300;
    let isWhole = false;
    const place = await startCommandBed((begin, end) =>
      [...manyEvents(begin, end, ((end - begin) / hour) * perHour)].filter(
        (_, n) => isWhole || n % perHour > 20,
      ),
    );
    const byHour = ['datanostro', ...range, '--window', '1h'];
    await place.run('backfill', ...byHour);
    const before = (await place.rows()).length;
    isWhole = true;
    const command = ['reconcile', ...byHour, '--repair'];
    for (let kill = 0; kill < 3; kill++) {
      // The repair begins after the comparison of 24 windows.
      await killAfter(place, command, { asked: 25 + kill * 3, thenMs: kill * 15 });
    }
    expect((await place.rows()).length).toBeGreaterThan(before);
    const last = await place.run(...command);
    expect(last).toMatchObject({ status: 0, err: '' });
    const ids = (await place.rows()).map(({ event_id }) => event_id);
    expect(ids).toHaveLength(24 * perHour);
    expect(new Set(ids).size).toBe(24 * perHour);
  });
});
