import { describe, expect, it } from 'vitest';
import {
  type HistogramValue,
  MetricsRecorder,
} from '../../../subscriber/service/metrics-recorder.ts';

let time = 1_000_000;
const recorder = () =>
  new MetricsRecorder({
    subscription: 's',
    streams: ['shop'],
    clock: () => time,
    now: () => time,
  });
const state = {
  pulled: 0,
  inFlight: { messages: 0, bytes: 0, fullness: 0 },
  oldestReceivedAt: undefined,
  tables: [],
};

describe('MetricsRecorder', () => {
  it('measures freshness by bucket, not below 0, and not of a replay', () => {
    const metrics = recorder();
    const shop = { stream: 'shop' };
    for (const ageMs of [100, 101, -5000, 10_000_000]) metrics.written(shop, time - ageMs);
    metrics.written({ ...shop, replay_of: '17' }, time - 3_600_000);
    metrics.written(shop, undefined);
    const [series] = metrics.collect(state).freshness;
    const value = series?.value as HistogramValue;
    expect(value.counts.slice(0, 3)).toEqual([2, 1, 0]);
    expect(value.counts.at(-1)).toBe(1);
    expect(value.count).toBe(4);
    expect(value.sum).toBeCloseTo(10_000.201, 6);
  });

  it('makes no series of what a sender or a message names', () => {
    const metrics = recorder();
    const seriesOf = () =>
      Object.values(metrics.collect(state)).reduce((sum, series) => sum + series.length, 0);
    const before = seriesOf();
    for (let n = 0; n < 10_000; n++) {
      const attributes = { stream: `s${n}`, event_name: `e${n}` };
      metrics.written(attributes, time);
      metrics.deadLetter(attributes, { isInPart: false, hasColumn: true });
      metrics.deadLetter({ ...attributes, stream: 'shop' }, { isInPart: true, hasColumn: true });
    }
    metrics.deadLetter({}, { isInPart: false, hasColumn: false });
    expect(seriesOf()).toBe(before);
    const counted = metrics.collect(state).deadLetters.filter(({ value }) => value !== 0);
    expect(counted).toEqual([
      { attributes: { stream: 'unknown', reason: 'stream' }, value: 10_000 },
      { attributes: { stream: 'unknown', reason: 'envelope' }, value: 1 },
      { attributes: { stream: 'shop', reason: 'in_part' }, value: 10_000 },
    ]);
  });

  it('tells the age of the oldest message in flight', () => {
    const metrics = recorder();
    time += 500;
    const ages = [time - 2500, time + 99, undefined].map(
      (oldestReceivedAt) => metrics.collect({ ...state, oldestReceivedAt }).oldestAge[0]?.value,
    );
    expect(ages).toEqual([2.5, 0, 0]);
  });
});
