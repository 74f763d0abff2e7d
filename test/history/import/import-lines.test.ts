import { describe, expect, it } from 'vitest';
import { importLines, noImportCounts } from '../../../history/import/import-lines.ts';
import { splitLines } from '../../../history/lines/lines.ts';
import { RejectedRecords } from '../../../history/lines/rejected-records.ts';
import { Faults } from '../../../local/faults/faults.ts';
import { day, eventLine, type HistoryBed, startHistoryBed } from '../../beds/history-bed.ts';

/** Three batches; the third repeats ids of the first. */
const ids = Array.from({ length: 41_000 }, (_, n) => `evt_${n % 40_000}.`);

function importAll(bed: HistoryBed, rejectedRecords = bed.rejectedRecords) {
  const chunks = async function* () {
    for (let at = 0; at < ids.length; at += 1000) {
      const lines = ids.slice(at, at + 1000).map((id) => eventLine(id, day));
      yield Buffer.from(`${lines.join('\n')}\n`);
    }
  };
  const counts = noImportCounts();
  const ended = importLines(splitLines(chunks()), {
    ...bed,
    rejectedRecords,
    name: 'x.jsonl',
    counts,
  });
  return { counts, ended };
}

async function rowsOf(bed: HistoryBed) {
  const [counts] = await bed.query<{ n: number; ids: number }>(
    'SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM shop.events',
  );
  return counts;
}

describe('lines that are read while a batch is written', { timeout: 120_000 }, () => {
  it('become rows once, and a row that BigQuery names as bad is rejected once', async () => {
    const bed = await startHistoryBed(
      undefined,
      new Faults({ name: 'append.bad-row', contains: 'evt_7.' }),
    );
    const { counts, ended } = importAll(bed);
    await ended;
    // It occurs twice in the file.
    expect(bed.rejected.map(({ line }) => line)).toEqual([8, 40_008]);
    expect(counts).toMatchObject({ written: 39_999, present: 999, repeated: 0, rejected: 2 });
    expect(await rowsOf(bed)).toEqual({ n: 39_999, ids: 39_999 });
  });

  it('with `strict` stop the run at the first bad one and are not written', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_20007.' });
    const bed = await startHistoryBed(undefined, faults);
    const strict = new RejectedRecords({ strict: true, onRejected: () => {} });
    const { counts, ended } = importAll(bed, strict);
    await expect(ended).rejects.toMatchObject({ code: 'line.rejected' });
    expect(counts).toMatchObject({ written: 20_000, rejected: 0 });
    expect(await rowsOf(bed)).toEqual({ n: 20_000, ids: 20_000 });
  });
});
