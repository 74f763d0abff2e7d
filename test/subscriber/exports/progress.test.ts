import { expect, it } from 'vitest';
import { Progress } from '../../../subscriber/exports/progress.ts';
import type { Log } from '../../../subscriber/log.ts';

it('logs the progress of a long export, at most every five seconds', () => {
  let now = 0;
  const lines: Parameters<Log>[0][] = [];
  const fields = { export: '/x.zip', table: 'ab.exports' };
  const progress = new Progress(
    (line) => lines.push(line),
    fields,
    () => now,
  );
  const of = 1000;
  for (const bytes of [0, 100, 200, 300, 400, 500, 600]) {
    progress.report({ doing: 'uploading', file: '2.csv', bytes, of });
    if (bytes === 300) progress.addRows(7);
    now += 2000;
  }
  const line = { severity: 'INFO', message: 'export under way', ...fields };
  expect(lines).toEqual([
    { ...line, doing: 'uploading', file: '2.csv', bytes: 300, of, rows: 0 },
    { ...line, doing: 'uploading', file: '2.csv', bytes: 600, of, rows: 7 },
  ]);
});
