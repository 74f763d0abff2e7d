import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerBed, startLedgerBed } from '../../beds/ledger-bed.ts';

let bed: LedgerBed;
let at = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 3_600_000;

beforeAll(async () => {
  bed = await startLedgerBed();
});

afterAll(() => bed.stop());

const good = '{"id":"e1","event_name":"order"}';
/** An optional value does not fit: the row lacks it. */
const inPart = '{"id":"e1","event_name":{}}';
const bad = 'not JSON';

interface Letter {
  id: string;
  messageId: string;
}

/** Deliveries that are dead letters, or rows in part. */
async function store(body: string, count: number, stream = 'shop'): Promise<Letter[]> {
  at += 60_000;
  const letters = Array.from({ length: count }, () => ({ id: uuidv7(), messageId: uuidv7() }));
  for (const letter of letters) await bed.deliver({ stream, body, receivedAt: at, ...letter });
  await bed.flush();
  await bed.accepted(stream, at, count);
  return letters;
}

/** As `dead-letters replay` publishes it; the body is what today's config makes of the same delivery. */
async function replay(
  { id, messageId }: Letter,
  body: string,
  from: string,
  { stream = 'shop', replay: number = 1, accepted = '' } = {},
) {
  const attributes = {
    replay_of: messageId,
    replay: String(number),
    replay_from: from,
    ...(accepted && { accepted_stream: accepted }),
  };
  expect(await bed.deliver({ stream, body, receivedAt: at, id, attributes })).toBe('ack');
}

const three = { received: 3, accepted: 3 };

describe('a replay', () => {
  it('that becomes a row moves the delivery', async () => {
    const [first, second] = await store(bad, 3);
    for (const letter of [first, second]) await replay(letter as Letter, good, 'dead letter');
    await bed.flush();
    const counts = { ...three, written: 2, rows: 2, deadLetters: 1 };
    expect(await bed.line('shop', at, false)).toEqual(counts);
    expect(await bed.line('shop', at)).toEqual({ ...counts, isRecounted: true });
  });

  it('that fails again changes nothing', async () => {
    const [first] = await store(bad, 3);
    await replay(first as Letter, bad, 'dead letter');
    await bed.flush();
    expect(await bed.line('shop', at, false)).toEqual({ ...three, deadLetters: 3 });
    expect(await bed.line('shop', at)).toMatchObject({ ...three, deadLetters: 3 });
  });

  it('of what was written in part makes it whole, with a second row', async () => {
    const [first] = await store(inPart, 3);
    await replay(first as Letter, good, 'written in part');
    await bed.flush();
    const counts = { ...three, written: 1, writtenInPart: 2, rows: 4 };
    expect(await bed.line('shop', at, false)).toEqual(counts);
    // The view of unique rows has one of them.
    expect(await bed.line('shop', at)).toEqual({ ...counts, rows: 3, isRecounted: true });
  });

  it('that two replicas handle counts once', async () => {
    const [first] = await store(bad, 3);
    await replay(first as Letter, good, 'dead letter');
    await bed.flush();
    await bed.restart();
    await replay(first as Letter, good, 'dead letter');
    await bed.flush();
    expect(await bed.line('shop', at, false)).toMatchObject({ written: 2, deadLetters: 1 });
    expect(await bed.line('shop', at)).toMatchObject({ written: 1, deadLetters: 2 });
  });

  it('whose subscriber is killed before it reports is found in the tables', async () => {
    const [first] = await store(bad, 3);
    await replay(first as Letter, good, 'dead letter');
    await bed.restart();
    expect(await bed.line('shop', at, false)).toEqual({ ...three, deadLetters: 3 });
    const counts = { ...three, written: 1, rows: 1, deadLetters: 2, isRecounted: true };
    expect(await bed.line('shop', at)).toEqual(counts);
    const before = await bed.ledgerRows();
    expect(await bed.line('shop', at)).toEqual(counts);
    expect(await bed.ledgerRows()).toHaveLength(before.length);
  });

  it('into another stream counts where it was accepted', async () => {
    const [first] = await store(bad, 3);
    await replay(first as Letter, 'a=1', 'dead letter', { stream: 'plain', accepted: 'shop' });
    await bed.flush();
    expect(await bed.line('plain', at)).toEqual({});
    expect(await bed.line('shop', at, false)).toMatchObject({ written: 1, deadLetters: 2 });
    expect(await bed.line('shop', at)).toMatchObject({ ...three, written: 1, deadLetters: 2 });
    // The other stream's own deliveries are not mixed up with it.
    await bed.deliver({ stream: 'plain', body: 'b=2', receivedAt: at });
    await bed.restart();
    await bed.accepted('plain', at, 1);
    expect(await bed.line('plain', at)).toMatchObject({ accepted: 1, written: 1 });
  });

  it('of an export that is loaded at last has no row', async () => {
    const [first] = await store('{}', 1, 'exports');
    await replay(first as Letter, announced, 'dead letter', { stream: 'exports' });
    await bed.flush();
    expect(await bed.line('exports', at, false)).toMatchObject({ accepted: 1, noRow: 1 });
    expect(await bed.line('exports', at)).toMatchObject({ accepted: 1, noRow: 1 });
  });
});

const announced = JSON.stringify({
  event_name: 'ExperimentDataExportReady',
  metadata: { download_url: '/v1/experiments/exports/15/x.zip' },
});
