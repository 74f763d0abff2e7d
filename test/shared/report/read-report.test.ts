import { expect, test } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { censusTable } from '../../../shared/report/census.ts';
import { type EdgeReport, writeReport } from '../../../shared/report/edge-report.ts';
import { freshnessBounds, freshnessBucket, ledgerTable } from '../../../shared/report/ledger.ts';
import { readReport } from '../../../shared/report/read-report.ts';
import { refusedTable } from '../../../shared/report/refused.ts';

const report: EdgeReport = {
  isolate: '0a1b2c3d',
  ledger: [
    { minute: 29_930_940, stream: 'shop', outcome: 'accepted', deliveries: 3 },
    {
      minute: 29_930_940,
      stream: 'shop',
      outcome: 'unauthorized',
      cause: 'signature',
      deliveries: 1,
    },
  ],
  census: [{ stream: 'shop', cause: 'event-filter', dropped: 3, firstAt: 1, lastAt: 2 }],
  refused: [
    {
      stream: 'shop',
      at: 1_795_856_400_000,
      outcome: 'unauthorized',
      cause: 'signature',
      method: 'POST',
      path: '/shop/…',
      headers: { 'content-type': 'application/json' },
      hint: 'secret of another endpoint',
    },
  ],
};
const encoder = new TextEncoder();

test('a report is read as it was written', () => {
  expect(readReport(writeReport(report))).toEqual(report);
});

test.each(['nonsense', 'null', '[]', '{}', '{"isolate":1}', '{"isolate":"a","ledger":{}}'])(
  '%s is no report',
  (body) => expect(readReport(encoder.encode(body))).toBeUndefined(),
);

test('what can not be read of a report costs only itself', () => {
  const [count] = report.ledger;
  const [census] = report.census;
  const [refused] = report.refused;
  const body = JSON.stringify({
    isolate: 'a',
    newer: { than: 'this subscriber' },
    ledger: [
      count,
      null,
      { ...count, deliveries: -1 },
      { ...count, deliveries: 1.5 },
      { ...count, minute: 1e15 },
      { ...count, outcome: '' },
      { ...count, stream: 7 },
    ],
    census: [{ ...census, dropped: '3' }, { ...census, lastAt: 8.64e15 + 1 }, census],
    refused: [
      { ...refused, at: 'now' },
      { ...refused, headers: { a: 1, b: 'x\ud800' }, bytes: 1.5, path: 'p'.repeat(9999) },
    ],
  });
  const read = readReport(encoder.encode(body));
  expect(read).toMatchObject({ ledger: [count], census: [census] });
  expect(read?.refused).toMatchObject([{ headers: { b: 'x\ufffd' }, path: 'p'.repeat(1024) }]);
  expect(read?.refused[0]).not.toHaveProperty('bytes');
});

test('a report has no more entries than a reader takes', () => {
  const ledger = Array.from({ length: 20_000 }, () => report.ledger[0]);
  const read = readReport(encoder.encode(JSON.stringify({ isolate: 'a', ledger })));
  expect(read?.ledger).toHaveLength(10_000);
});

test('the tables stand beside the dead letters', () => {
  const relay = defineRelay({ project: 'my-project', deadLetters: 'ops.dead', streams: {} });
  const tables = [censusTable(relay), ledgerTable(relay), refusedTable(relay)];
  expect(tables).toEqual(['ops.census', 'ops.ledger', 'ops.refused']);
});

test('each freshness has the bucket whose bound is the next one', () => {
  for (const [bucket, bound] of freshnessBounds.entries()) {
    expect(freshnessBucket(bound * 0.999)).toBe(bucket);
    expect(freshnessBucket(bound * 1.001)).toBe(bucket + 1);
  }
  // The clock of the edge may be ahead.
  expect(freshnessBucket(-5000)).toBe(0);
  expect(freshnessBucket(1e12)).toBe(freshnessBounds.length);
});
