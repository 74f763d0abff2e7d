import { describe, expect, it } from 'vitest';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { changeSequence, writeRow } from '../../../subscriber/rows/row-writer.ts';

const at = Date.parse('2026-06-05T10:00:00Z');
const id = '0193a5c7-1234-7abc-8def-0123456789ab';

const of = (deliveryId: string, receivedAt = at, event?: number) =>
  changeSequence({ stream: 's', deliveryId, receivedAt, body: new Uint8Array() }, event);

/** As BigQuery compares them: section by section, as numbers. */
function isLess(a: string, b: string): boolean {
  const key = (text: string) =>
    text
      .split('/')
      .map((section) => section.padStart(16, '0'))
      .join('');
  return key(a) < key(b);
}

describe('changeSequence', () => {
  it('is four sections of hexadecimal digits', () => {
    expect(of(id, at, 3)).toBe(`${at.toString(16)}/0193a5c712347abc/8def0123456789ab/300`);
    expect(of('no uuid')).toMatch(/^[0-9a-f]+\/[0-9a-f]{16}\/[0-9a-f]{16}\/0$/);
  });

  it('is valid for an envelope from before 1970 as well: the first of all', () => {
    expect(of(id, -1)).toBe(of(id, 0));
    expect(isLess(of(id, -1), of(id, at))).toBe(true);
  });

  it('grows with the time, then with the delivery, then with the place in it', () => {
    const later = '0193a5c7-1234-7abc-8def-0123456789ac';
    expect(isLess(of(later, at - 1, 9), of(id, at))).toBe(true);
    expect(isLess(of(id, at, 9), of(later, at))).toBe(true);
    expect(isLess(of(id, at, 9), of(id, at, 10))).toBe(true);
  });

  it('is greater for each replay of an event, and not greater than that of the next event', () => {
    const replayed = (event: number, replay: number) =>
      changeSequence(
        { stream: 's', deliveryId: id, receivedAt: at, body: new Uint8Array(), replay },
        event,
      );
    expect(isLess(of(id, at, 3), replayed(3, 1))).toBe(true);
    expect(isLess(replayed(3, 1), replayed(3, 2))).toBe(true);
    expect(isLess(replayed(3, 10_000), of(id, at, 4))).toBe(true);
  });

  it('is the same for every duplicate', () => {
    expect(of('no uuid', at, 1)).toBe(of('no uuid', at, 1));
    expect(of('no uuid')).not.toBe(of('another'));
    expect(of(id.toUpperCase())).toBe(of(id));
  });
});

describe('writeRow', () => {
  const encoder = createEncoder(
    { columns: [{ name: 'id', type: 'STRING', mode: 'REQUIRED' }] },
    Date.now,
  );

  it('refuses what can be no row without queuing it, and names the column', async () => {
    const queued: Uint8Array[] = [];
    const queue = {
      write: async (bytes: Uint8Array) => {
        queued.push(bytes);
        return { kind: 'written' as const };
      },
    };
    const refused = await writeRow({ encoder, queue }, { id: null });
    expect(refused).toMatchObject({ kind: 'invalid', problem: { column: 'id' } });
    expect(queued).toEqual([]);
    expect(await writeRow({ encoder, queue }, { id: 'a' })).toEqual({ kind: 'written' });
    expect(queued).toHaveLength(1);
  });
});
