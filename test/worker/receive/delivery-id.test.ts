import { expect, test } from 'vitest';
import { newDeliveryId } from '../../../worker/receive/delivery-id.ts';

test('it is a UUIDv7 with the time in milliseconds', () => {
  const ms = Date.parse('2026-11-21T08:00:00.123Z');
  const id = newDeliveryId(ms);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(ms);
});

test('ids are unique, and later ones sort after earlier ones', () => {
  const ids = Array.from({ length: 10_000 }, (_, ms) => newDeliveryId(ms));
  expect(new Set(ids.map((id) => id.slice(14))).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});
