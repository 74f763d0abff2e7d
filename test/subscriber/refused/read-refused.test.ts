import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerLayout, ledgerTable } from '../../../shared/report/ledger.ts';
import { refusedLayout, refusedTable } from '../../../shared/report/refused.ts';
import { ensureTable } from '../../../subscriber/bigquery/tables/ensure-table.ts';
import { countRefused, readRefused } from '../../../subscriber/refused/read-refused.ts';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { ProjectFolder } from '../../beds/project-folder.ts';
import { runCommand } from '../../beds/run-command.ts';
import { relay } from '../../beds/subscriber-process.ts';

let bed: BigQueryBed;
const project = new ProjectFolder();
const now = Date.now();
const isoAgo = (ms: number) => new Date(now - ms).toISOString();

beforeAll(async () => {
  bed = await startBigQueryBed();
  project.write(
    'tributary.config.ts',
    `import { datanostro, defineRelay, segmentstream } from 'tributary-relay';
export const relay = defineRelay({
  project: '${relay.project}',
  streams: { keyed: datanostro({ table: 'shop.keyed' }), plain: segmentstream({ table: 'shop.plain' }) },
});
`,
  );
  const ports = { bigquery: Number(new URL(bed.url).port) };
  writeFileSync(join(project.path, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
});

afterAll(async () => {
  await bed?.stop();
  project.remove();
});

async function tributary(...args: string[]) {
  const environment = {
    ...process.env,
    TRIBUTARY_CONFIG: join(project.path, 'tributary.config.ts'),
    NO_COLOR: '1',
  };
  return await runCommand(['refused', ...args, '--state', project.path], environment);
}

async function insert(table: string, layout: typeof refusedLayout, rows: object[]): Promise<void> {
  const [dataset = '', name = ''] = table.split('.');
  await ensureTable(bed.bigquery, { dataset, table: name }, layout);
  await bed.bigquery.dataset(dataset).table(name).insert(rows);
}

const source = () => ({ bigquery: bed.bigquery, relay });
const cut = uuidv7();
const hostile = uuidv7();

describe('refused deliveries', { timeout: 60_000 }, () => {
  it('are none while there is no table', async () => {
    expect(await readRefused(source())).toEqual([]);
    expect(await countRefused(source())).toEqual([]);
    expect(await tributary()).toMatchObject({ status: 0, out: 'No such delivery was refused.\n' });
    expect(JSON.parse((await tributary('--json')).out)).toEqual({ groups: [], deliveries: [] });
  });

  it('are the last of each stream and cause, each once, the newest first', async () => {
    const wrong = Array.from({ length: 130 }, (_, n) => ({
      ...{ at: isoAgo((n + 1) * 1000), stream: 'keyed', delivery_id: uuidv7(), path: '/keyed' },
      ...{ outcome: 'unauthorized', cause: 'signature', method: 'POST', report_id: 'r1' },
      ...{ hint: n === 0 ? 'the body was re-serialised' : 'secret of another endpoint' },
      ...{ headers: JSON.stringify({ 'x-dn-signature': '(64 hex digits)' }), body_bytes: 12 },
    }));
    const unknown = { stream: '', outcome: 'unknown-stream', method: 'GET', headers: '{}' };
    await insert(refusedTable(relay), refusedLayout, [
      ...wrong,
      // A report that was written twice.
      ...wrong.slice(0, 20),
      { ...unknown, at: isoAgo(500), path: '/wp-admin/…', report_id: 'r2' },
      { ...unknown, at: isoAgo(2 * 86_400_000), path: '/old', report_id: 'r3' },
      {
        ...{ ...wrong[0], at: isoAgo(10), delivery_id: cut, cause: 'timestamp', report_id: 'r4' },
        ...{ hint: 'clock skew 412 s', body_bytes: 400 },
        body: Buffer.from('{"a":"é').toString('base64'),
      },
      {
        ...{ ...wrong[0], at: isoAgo(20), delivery_id: hostile, report_id: 'r5', stream: 'plain' },
        ...{ path: '/plain\u001b]0;x\u0007', hint: 'a\u202eb', cause: 'key\nforged' },
        headers: JSON.stringify({ 'user-agent': '\u009b2J\n  fake: header' }),
        body: Buffer.from([0xff, 0xfe]).toString('base64'),
      },
    ]);
    const all = await readRefused(source());
    expect(all).toHaveLength(100 + 3);
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => b - a));
    expect(all.filter(({ cause }) => cause === 'signature')).toHaveLength(100);
    expect(all[0]).toEqual({
      ...{ stream: 'keyed', at: now - 10, deliveryId: cut, outcome: 'unauthorized', bytes: 400 },
      ...{ cause: 'timestamp', method: 'POST', path: '/keyed', hint: 'clock skew 412 s' },
      ...{ headers: { 'x-dn-signature': '(64 hex digits)' }, body: expect.any(String) },
    });
    expect(await readRefused(source(), { stream: '' })).toMatchObject([{ path: '/wp-admin/…' }]);
    expect(await readRefused(source(), { cause: 'timestamp' })).toHaveLength(1);
    expect(await readRefused(source(), { cause: 'unauthorized', limit: 5 })).toHaveLength(5);
    expect(await readRefused(source(), { since: now - 15 })).toHaveLength(1);
    expect(await readRefused(source(), {}, 3)).toHaveLength(3 + 3);
  });

  it('are counted by the ledger, of which only the last are kept', async () => {
    const row = {
      ...{ minute: isoAgo(60_000), stream: 'keyed', side: 'edge', reporter: 'i' },
      ...{ outcome: 'unauthorized', cause: 'signature', deliveries: 2500, report_id: 'r1' },
    };
    const accepted = { ...row, outcome: 'accepted', cause: null, report_id: 'r2' };
    await insert(ledgerTable(relay), ledgerLayout, [row, row, accepted]);
    const counted = {
      ...{ stream: 'keyed', outcome: 'unauthorized', cause: 'signature', deliveries: 2500 },
    };
    expect(await countRefused(source())).toEqual([counted]);
    expect(await countRefused(source(), { stream: 'plain' })).toEqual([]);
    expect(await countRefused(source(), { cause: 'unauthorized' })).toEqual([counted]);
  });

  it('are summed up with the likely mistake, within 80 columns', async () => {
    const { status, out } = await tributary('--limit', '4');
    expect(status).toBe(0);
    expect(out).toMatch(/2,500 +│ keyed/);
    expect(out).toContain('the body was re-serialised');
    expect(out).toContain('and 1 other mistakes');
    expect(out).toContain('The newest 4 of 103 that are kept');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(82);
    const { out: json } = await tributary('--json', '--limit', '4');
    const { groups, deliveries } = JSON.parse(json);
    expect(groups[0]).toMatchObject({ count: 2500, kept: 100, otherHints: 1 });
    expect(deliveries).toHaveLength(4);
  });

  it('are shown one by one, with nothing that a terminal would obey', async () => {
    const { out } = await tributary(cut.slice(0, -1));
    expect(out).toContain('x-dn-signature: (64 hex digits)');
    expect(out).toContain('400 bytes, of which the first 8 are kept\n{"a":"é');
    const { out: escaped } = await tributary(hostile);
    expect(escaped).toContain('/plain\\u001b]0;x\\u0007');
    expect(escaped).toContain('a\\u202eb');
    expect(escaped).toContain('key\\nforged');
    expect(escaped).toContain('user-agent: \\u009b2J\\n  fake: header');
    expect(escaped).toContain('(not UTF-8; in base64) //4=');
    for (const { out: text } of [await tributary(), await tributary(hostile, '--json')]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0080-\u009f\u202a-\u202e]/);
    }
  });

  it('that are not kept are said to be so', async () => {
    const { status, err } = await tributary(uuidv7());
    expect(status).toBe(1);
    expect(err).toContain('refused.unknown');
    expect((await tributary('--stream', 'keyd')).err).toContain('did you mean "keyed"?');
  });
});
