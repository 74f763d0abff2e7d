import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { readDeliveryId } from '../../../subscriber/trace/delivery-id.ts';

const now = Date.parse('2026-11-28T09:45:05.306Z');
const idAt = (msecs: number) => uuidv7({ msecs });

describe('the id of a delivery', () => {
  it('has its time', () => {
    const id = idAt(now);
    expect(readDeliveryId(` ${id.toUpperCase()}\n`, now)).toEqual({
      ok: true,
      id: { text: id, isWhole: true, time: { from: now, to: now } },
    });
  });

  it('may be a beginning, which has a range of times', () => {
    const id = idAt(now);
    for (let length = 8; length < id.length; length++) {
      const reading = readDeliveryId(id.slice(0, length), now);
      if (!reading.ok) throw new Error(reading.problem);
      expect(reading.id.isWhole).toBe(false);
      expect(reading.id.time?.from).toBeLessThanOrEqual(now);
      expect(reading.id.time?.to).toBeGreaterThanOrEqual(now);
    }
  });

  it('of a backfilled event has no time', () => {
    const id = '019c36d2-5a40-8c11-9f3e-1b2c3d4e5f60';
    expect(readDeliveryId(id, now)).toEqual({ ok: true, id: { text: id, isWhole: true } });
  });

  it('may be a little ahead of this clock, and no more', () => {
    expect(readDeliveryId(idAt(now + 300_000), now)).toMatchObject({ ok: true });
    expect(readDeliveryId(idAt(now + 3_600_000), now)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('2026-11-28T10:45:05.306Z, which is to come'),
    });
  });

  it.each([
    ['', 'neither'],
    ['01a22', 'too short'],
    ['01a2218b-4', undefined],
    ['evt_1NG8Du2eZvKYlo2CUI79vXWy', 'neither'],
    ['20230817224510871', 'neither'],
    [uuidv4(), 'not of a delivery'],
    [`${idAt(now)}0`, 'neither'],
    [idAt(0), 'wild'],
    ['ffffffff-ffff-7fff-bfff-ffffffffffff', 'to come'],
    ["01a2218b' OR '1'='1", 'neither'],
  ])('%j: %s', (text, problem) => {
    const reading = readDeliveryId(text, now);
    if (problem === undefined) expect(reading.ok).toBe(true);
    else expect(reading).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });
});
