import { beforeEach, describe, expect, it } from 'vitest';
import type { Row } from '../../shared/columns.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import type { ValueNote } from '../../shared/shape/map-columns.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import { DeadLetterQueue } from '../../subscriber/dead-letters/dead-letter-queue.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';
import type { PulledMessage } from '../../subscriber/pull/subscription.ts';
import type { AnnouncedExport } from '../../subscriber/rows/delivery-writer.ts';
import type { RowTable } from '../../subscriber/rows/row-writer.ts';
import type { WriteResult } from '../../subscriber/rows/write-result.ts';
import { rowTable } from '../beds/row-table.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: {
    shop: datanostro({ table: 'dn.events' }),
    keyed: datanostro({ table: 'dn.keyed', key: ['event_id'] }),
    exports: absmartly({ table: 'ab.exports', apiUrl: 'https://acme.absmartly.com' }),
    mail: generic({
      table: 'mail.events',
      each: '$',
      event: '$.event',
      id: '$.id',
      time: { from: '$.at', unit: 's' },
      filter: { events: ['open', 'click'] },
      invalidValues: 'dead-letter',
    }),
    post: generic({ table: 'mail.post', event: '$.event', id: '$.id', time: '$.at' }),
    posts: generic({ table: 'mail.posts', each: '$', event: '$.event', id: '$.id', time: '$.at' }),
  },
});

const now = Date.parse('2026-06-05T10:00:00Z');

/** Everything that happened, in order: the order is what most of these tests are about. */
let actions: string[] = [];

/** Stands for BigQuery: each write waits until the test decides its result. */
class Table implements RowTable {
  readonly encoder: RowTable['encoder'];
  readonly queue: RowTable['queue'];
  readonly rows: Row[] = [];
  readonly sequences: (string | undefined)[] = [];
  readonly #name: string;
  readonly #pending: ((result: WriteResult) => void)[] = [];

  constructor(name: string) {
    this.#name = name;
    const table = rowTable(
      (row, sequence) => this.#write(row, sequence),
      () => this.notes,
    );
    this.encoder = table.encoder;
    this.queue = table.queue;
  }

  #write(row: Row, sequence?: string): Promise<WriteResult> {
    this.rows.push(row);
    this.sequences.push(sequence);
    actions.push(`${this.#name}: append`);
    return new Promise((resolve) => this.#pending.push(resolve));
  }

  /** What the encoder finds. */
  notes: readonly ValueNote[] | undefined;

  async settle(result: WriteResult): Promise<void> {
    await idle();
    actions.push(`${this.#name}: ${result.kind}`);
    this.#pending.shift()?.(result);
    await idle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

let shop: Table;
let mail: Table;
let deadLetters: Table;
let loaded: AnnouncedExport[];
let exportResult: WriteResult;
let pipeline: Pipeline;
let inFlight: InFlightLimit;

beforeEach(() => {
  actions = [];
  shop = new Table('shop');
  mail = new Table('mail');
  deadLetters = new Table('dead letters');
  loaded = [];
  exportResult = { kind: 'written' };
  inFlight = new InFlightLimit({ messages: 1000, bytes: 1_000_000 });
  pipeline = new Pipeline({
    relay,
    tables: new Map([
      ['shop', shop],
      ['keyed', shop],
      ['mail', mail],
      ['post', mail],
      ['posts', mail],
    ]),
    deadLetters: new DeadLetterQueue({
      table: deadLetters,
      inFlight,
      log: () => {},
      now: () => now,
      waitMs: () => 5,
    }),
    inFlight,
    replays: { write: async () => ({ kind: 'written' }) },
    exports: {
      write: (announced) => {
        loaded.push(announced);
        return Promise.resolve(exportResult);
      },
    },
    log: () => {},
  });
});

let messages = 0;

function message(
  deliveryId: string,
  body: string,
  attributes: Record<string, string> = {},
): PulledMessage {
  const id = `m${++messages}`;
  const own = toAttributes({ stream: 'shop', deliveryId, receivedAt: now });
  return {
    id,
    data: new TextEncoder().encode(body),
    attributes: { ...own, ...attributes },
    ack: () => actions.push(`${deliveryId}: ack`),
    nack: () => actions.push(`${deliveryId}: nack`),
  };
}

describe('the pipeline', () => {
  it('acks after the append’s result, and not before', async () => {
    const taken = pipeline.handle(message('d1', '{"id":"e1"}'));
    await idle();
    expect(actions).toEqual(['shop: append']);
    await shop.settle({ kind: 'written' });
    await taken;
    expect(actions).toEqual(['shop: append', 'shop: written', 'd1: ack']);
    expect(shop.rows[0]).toMatchObject({ event_id: 'e1', delivery_id: 'd1' });
  });

  it('stores a dead letter before it acks', async () => {
    const taken = pipeline.handle(message('d1', 'not json'));
    await deadLetters.settle({ kind: 'written' });
    await taken;
    expect(actions).toEqual(['dead letters: append', 'dead letters: written', 'd1: ack']);
    expect(deadLetters.rows[0]).toEqual({
      delivery_id: 'd1',
      stream: 'shop',
      received_at: '2026-06-05T10:00:00.000Z',
      stored_at: '2026-06-05T10:00:00.000Z',
      reason: 'the body is not JSON',
      column: null,
      data: new TextEncoder().encode('not json'),
      attributes: expect.stringContaining('"delivery_id":"d1"'),
      message_id: `m${messages}`,
      written_in_part: false,
    });
  });

  it('stores a dead letter once, however often its message comes', async () => {
    const [unmapped, unreadable] = [message('d1', 'not json'), message('d2', '{}')];
    for (const again of [unmapped, { ...unreadable, attributes: {} }]) {
      const taken = [pipeline.handle(again), pipeline.handle(again)];
      await deadLetters.settle({ kind: 'written' });
      await Promise.all(taken);
      await pipeline.handle(again);
    }
    expect(actions.filter((action) => action === 'dead letters: append')).toHaveLength(2);
    expect(actions.filter((action) => action.endsWith(': ack'))).toHaveLength(6);
    // The delivery itself, sent again, is another message.
    const replayed = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'written' });
    await replayed;
    expect(shop.rows).toHaveLength(1);
  });

  it('stores what the table refuses, with the column', async () => {
    const taken = pipeline.handle(message('d1', '{"created_at":"soon"}'));
    await shop.settle({ kind: 'invalid', problem: { reason: 'no time', column: 'event_time' } });
    await deadLetters.settle({ kind: 'written' });
    await taken;
    expect(actions.slice(-2)).toEqual(['dead letters: written', 'd1: ack']);
    expect(deadLetters.rows[0]).toMatchObject({ reason: 'no time', column: 'event_time' });
  });

  it('nacks what could not be stored', async () => {
    const taken = pipeline.handle(message('d1', 'not json'));
    await deadLetters.settle({ kind: 'nacked', reason: 'the subscriber is stopping' });
    await taken;
    expect(actions.at(-1)).toBe('d1: nack');
  });

  it('nacks what is not written, and writes it when it comes again', async () => {
    const first = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'nacked', reason: 'the subscriber is stopping' });
    await first;
    const second = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'written' });
    await second;
    expect(actions.filter((action) => action.startsWith('d1'))).toEqual(['d1: nack', 'd1: ack']);
    expect(shop.rows).toHaveLength(2);
  });

  it('acks a duplicate of what was written without writing it again', async () => {
    const first = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'written' });
    await first;
    await pipeline.handle(message('d1', '{}'));
    expect(shop.rows).toHaveLength(1);
    expect(actions.slice(-2)).toEqual(['d1: ack', 'd1: ack']);
  });

  it('gives a duplicate that comes meanwhile the result of the first', async () => {
    const first = pipeline.handle(message('d1', '{}'));
    await pipeline.handle(message('d1', '{}'));
    expect(actions).toEqual(['shop: append']);
    await shop.settle({ kind: 'written' });
    await first;
    expect(actions.slice(-2)).toEqual(['d1: ack', 'd1: ack']);
  });

  it('keeps two deliveries of the same event apart', async () => {
    const both = [pipeline.handle(message('d1', '{}')), pipeline.handle(message('d2', '{}'))];
    await shop.settle({ kind: 'written' });
    await shop.settle({ kind: 'written' });
    await Promise.all(both);
    expect(shop.rows).toHaveLength(2);
  });

  it('stores a dead letter for an envelope of no stream, and for a message that is not an envelope', async () => {
    const unknown = pipeline.handle(message('d1', '{}', { stream: 'gone' }));
    const foreign = pipeline.handle({ ...message('d2', '{}'), attributes: {} });
    await deadLetters.settle({ kind: 'written' });
    await deadLetters.settle({ kind: 'written' });
    await Promise.all([unknown, foreign]);
    expect(deadLetters.rows.map((row) => row['reason'])).toEqual([
      expect.stringContaining('no stream "gone"'),
      expect.stringContaining('"stream" is missing'),
    ]);
  });

  it('hands an announcement to the export queue and follows its result', async () => {
    const announcement = {
      event_name: 'ExperimentDataExportReady',
      metadata: { download_url: '/v1/x.zip' },
    };
    const send = (id: string) =>
      pipeline.handle(message(id, JSON.stringify(announcement), { stream: 'exports' }));
    await send('d1');
    expect(loaded[0]?.announcement).toEqual({ path: '/v1/x.zip', table: 'ab.exports' });
    expect(actions).toEqual(['d1: ack']);

    exportResult = { kind: 'invalid', problem: { reason: '404 Not Found' } };
    const dead = send('d2');
    await deadLetters.settle({ kind: 'written' });
    await dead;
    expect(actions.slice(-2)).toEqual(['dead letters: written', 'd2: ack']);
  });
});

describe('a delivery of several events', () => {
  const written: WriteResult = { kind: 'written' };
  const nacked: WriteResult = { kind: 'nacked', reason: 'the subscriber is stopping' };
  const open = (id: string, more = '') => `{"event":"open","id":"${id}"${more}}`;
  const send = (events: string[]) =>
    pipeline.handle(message('d1', `[${events.join(',')}]`, { stream: 'mail' }));
  const idsOf = (table: Table) => table.rows.map((row) => row['event_id']);

  it('is acked when the last of its rows is written', async () => {
    const taken = send([open('a'), open('b')]);
    await mail.settle(written);
    expect(actions).not.toContain('d1: ack');
    await mail.settle(written);
    await taken;
    expect(actions.at(-1)).toBe('d1: ack');
    expect(mail.rows).toMatchObject([
      { event_id: 'a', event_index: '0', delivery_id: 'd1' },
      { event_id: 'b', event_index: '1', delivery_id: 'd1' },
    ]);
    await send([open('a'), open('b')]);
    expect(mail.rows).toHaveLength(2);
  });

  it('loses the events that the filter does not pass, and not a lone one', async () => {
    const taken = send(['{"event":"bounce","id":"x"}', open('a'), '{"id":"y"}']);
    await mail.settle(written);
    await taken;
    expect(idsOf(mail)).toEqual(['a']);
    const lone = pipeline.handle(
      message('d2', '[{"event":"bounce","id":"z"}]', { stream: 'mail' }),
    );
    await mail.settle(written);
    await lone;
    expect(idsOf(mail)).toEqual(['a', 'z']);
  });

  it('is acked at once where the filter passes none of them any more', async () => {
    await send(['{"event":"bounce"}', '{"event":"drop"}']);
    expect(actions).toEqual(['d1: ack']);
  });

  it('becomes a dead letter for its invalid events, and the other rows are written', async () => {
    const taken = send([open('a'), open('b', ',"at":{}'), open('c'), open('d')]);
    await mail.settle(written);
    await mail.settle({ kind: 'invalid', problem: { reason: 'too wild', column: 'payload' } });
    await mail.settle(written);
    await deadLetters.settle(written);
    await taken;
    expect(actions.slice(-3)).toEqual(['dead letters: append', 'dead letters: written', 'd1: ack']);
    expect(deadLetters.rows).toMatchObject([
      {
        reason:
          'event 1: event_time is an object or an array; event 2: too wild (the other 2 are written)',
        column: 'event_time, payload',
        written_in_part: false,
      },
    ]);

    const again = send([open('a'), open('b'), open('c'), open('d')]);
    await mail.settle(written);
    await mail.settle(written);
    await again;
    expect(idsOf(mail)).toEqual(['a', 'c', 'd', 'b', 'c']);
  });

  it('doubles no row when it comes again because another was nacked', async () => {
    const first = send([open('a'), open('b'), open('c')]);
    await mail.settle(written);
    await mail.settle(nacked);
    await mail.settle(written);
    await first;
    expect(actions.at(-1)).toBe('d1: nack');
    const second = send([open('a'), open('b'), open('c')]);
    await mail.settle(written);
    await second;
    expect(actions.at(-1)).toBe('d1: ack');
    expect(idsOf(mail)).toEqual(['a', 'b', 'c', 'b']);
  });

  it('doubles no row when its dead letter could not be stored', async () => {
    const first = send([open('a'), open('b', ',"at":{}')]);
    await mail.settle(written);
    await deadLetters.settle(nacked);
    await first;
    expect(actions.at(-1)).toBe('d1: nack');
    const second = send([open('a'), open('b', ',"at":{}')]);
    await deadLetters.settle(written);
    await second;
    expect(actions.at(-1)).toBe('d1: ack');
    expect(idsOf(mail)).toEqual(['a']);
  });
});

describe('a row that is written in part', () => {
  const written: WriteResult = { kind: 'written' };
  const nacked: WriteResult = { kind: 'nacked', reason: 'the subscriber is stopping' };
  const send = (body: string, id?: string) => {
    const sent = message('d1', body, { stream: 'post' });
    return pipeline.handle(id === undefined ? sent : { ...sent, id });
  };
  const sendAll = (body: string) => pipeline.handle(message('d1', body, { stream: 'posts' }));
  const wild = '{"id":"a","at":{}}';
  const ofD1 = () => actions.filter((action) => action.startsWith('d1'));

  it('is written, and its delivery is stored before it is acked', async () => {
    const taken = send(wild);
    await mail.settle(written);
    expect(actions).toEqual(['mail: append', 'mail: written', 'dead letters: append']);
    await deadLetters.settle(written);
    await taken;
    expect(actions.slice(-2)).toEqual(['dead letters: written', 'd1: ack']);
    expect(mail.rows).toMatchObject([{ event_id: 'a', event_time: null }]);
    expect(deadLetters.rows).toMatchObject([
      {
        delivery_id: 'd1',
        stream: 'post',
        written_in_part: true,
        column: 'event_time',
        reason: 'event_time is an object or an array',
        data: new TextEncoder().encode(wild),
      },
    ]);
  });

  it('names what the encoder found as well', async () => {
    mail.notes = [{ column: 'payload', reason: 'is too deep' }];
    const taken = send(wild);
    await mail.settle(written);
    await deadLetters.settle(written);
    await taken;
    expect(deadLetters.rows).toMatchObject([
      {
        reason: 'event_time is an object or an array; payload is too deep',
        column: 'event_time, payload',
      },
    ]);
  });

  it('is not written again when its dead letter could not be stored', async () => {
    const first = send(wild, 'm');
    await mail.settle(written);
    await deadLetters.settle(nacked);
    await first;
    expect(ofD1()).toEqual(['d1: nack']);
    mail.notes = [{ column: 'payload', reason: 'is too deep' }];
    const second = send(wild, 'm');
    await deadLetters.settle(written);
    await second;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
    expect(mail.rows).toHaveLength(1);
    expect(deadLetters.rows[1]).toMatchObject({
      reason: 'event_time is an object or an array; payload is too deep',
    });
    // Once more, by a lost ack.
    await send(wild, 'm');
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack', 'd1: ack']);
    expect([mail.rows.length, deadLetters.rows.length]).toEqual([1, 2]);
  });

  it('is written again once all its values fit, and only then', async () => {
    const settle = async (taken: Promise<void>) => {
      await mail.settle(written);
      await deadLetters.settle(written);
      await taken;
    };
    await settle(send(wild));
    const again = send(wild);
    await deadLetters.settle(written);
    await again;
    expect([mail.rows.length, deadLetters.rows.length]).toEqual([1, 2]);
    await settle(send('{"id":"a","at":"2026-06-05T10:00:00Z"}'));
    expect(mail.rows.map((row) => row['event_time'])).toEqual([null, '2026-06-05T10:00:00Z']);
    expect(deadLetters.rows).toHaveLength(2);
  });

  it('gets its dead letter where its message was nacked and the row is written later', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const first = send(wild, 'm');
    await mail.settle({ kind: 'nacked', reason: 'no rows taken', later: later.promise });
    await send(wild, 'm');
    later.resolve(written);
    await deadLetters.settle(written);
    await first;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
    expect(mail.rows).toHaveLength(1);
    expect(deadLetters.rows).toMatchObject([{ written_in_part: true }]);
  });

  it('gets its dead letter when it comes again, where no message was in flight when it was written', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const first = send(wild, 'm');
    await mail.settle({ kind: 'nacked', reason: 'no rows taken', later: later.promise });
    later.resolve(written);
    await first;
    expect(deadLetters.rows).toEqual([]);
    const second = send(wild, 'm');
    await deadLetters.settle(written);
    await second;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
    expect([mail.rows.length, deadLetters.rows.length]).toEqual([1, 1]);
  });

  it('is named by its event in the one dead letter of its delivery', async () => {
    const taken = sendAll('[{"id":"a"},{"id":"b","at":{}},{"id":"c"},{"id":"d","at":[]}]');
    for (let row = 0; row < 4; row++) await mail.settle(written);
    await deadLetters.settle(written);
    await taken;
    expect(mail.rows).toHaveLength(4);
    expect(deadLetters.rows).toMatchObject([
      {
        written_in_part: true,
        reason:
          'event 1: event_time is an object or an array; event 3: event_time is an object or an array',
        column: 'event_time',
      },
    ]);
  });

  it('is named beside an invalid event, and neither is doubled', async () => {
    const body = '[{"id":"a"},{"id":"b","at":{}},{"id":"c"}]';
    const first = sendAll(body);
    await mail.settle(written);
    await mail.settle(written);
    await mail.settle({ kind: 'invalid', problem: { reason: 'too wild', column: 'payload' } });
    await deadLetters.settle(nacked);
    await first;
    const second = sendAll(body);
    await mail.settle({ kind: 'invalid', problem: { reason: 'too wild', column: 'payload' } });
    await deadLetters.settle(written);
    await second;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
    expect(mail.rows.map((row) => row['event_id'])).toEqual(['a', 'b', 'c', 'c']);
    const reason =
      'event 1: event_time is an object or an array; event 2: too wild (the other 2 are written)';
    expect(deadLetters.rows).toMatchObject([
      { reason, written_in_part: false },
      { reason, column: 'event_time, payload' },
    ]);
  });

  it('of several is not doubled when another is nacked, nor when the dead letter is', async () => {
    const body = '[{"id":"a","at":{}},{"id":"b"}]';
    const first = sendAll(body);
    await mail.settle(written);
    await mail.settle(nacked);
    await first;
    expect(deadLetters.rows).toEqual([]);
    const second = sendAll(body);
    await mail.settle(written);
    await deadLetters.settle(nacked);
    await second;
    const third = sendAll(body);
    await deadLetters.settle(written);
    await third;
    expect(ofD1()).toEqual(['d1: nack', 'd1: nack', 'd1: ack']);
    expect(mail.rows.map((row) => row['event_id'])).toEqual(['a', 'b', 'b']);
    expect(deadLetters.rows[1]).toMatchObject({
      reason: 'event 0: event_time is an object or an array',
      written_in_part: true,
    });
  });
});

describe('a delivery that is replayed once its cause is fixed', () => {
  it('gets another dead letter where it fails again, before it is acked', async () => {
    for (const nth of [1, 2]) {
      const taken = pipeline.handle(message('d1', 'not json'));
      await deadLetters.settle({ kind: 'written' });
      await taken;
      expect(deadLetters.rows).toHaveLength(nth);
      expect(actions.slice(-2)).toEqual(['dead letters: written', 'd1: ack']);
    }
    expect(deadLetters.rows[0]?.['message_id']).not.toBe(deadLetters.rows[1]?.['message_id']);
  });

  it('comes again where that dead letter can’t be stored', async () => {
    const first = pipeline.handle(message('d1', 'not json'));
    await deadLetters.settle({ kind: 'written' });
    await first;
    const second = pipeline.handle(message('d1', 'not json'));
    await deadLetters.settle({ kind: 'nacked', reason: 'the subscriber is stopping' });
    await second;
    expect(actions.at(-1)).toBe('d1: nack');
  });
});

describe('a message that is nacked while its row may still be written', () => {
  const stuck = (later: Promise<WriteResult>): WriteResult => ({
    kind: 'nacked',
    reason: 'no rows taken',
    later,
  });
  const ofD1 = () => actions.filter((action) => action.startsWith('d1'));

  it('is not written again when it comes again, and is acked when the row is written', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const first = pipeline.handle(message('d1', '{}'));
    await shop.settle(stuck(later.promise));
    expect(ofD1()).toEqual(['d1: nack']);
    expect(inFlight.messages).toBe(0);
    await pipeline.handle(message('d1', '{}'));
    expect(inFlight.messages).toBe(1);
    later.resolve({ kind: 'written' });
    await first;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
    await pipeline.handle(message('d1', '{}'));
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack', 'd1: ack']);
    expect(shop.rows).toHaveLength(1);
    expect([inFlight.messages, pipeline.nacked]).toEqual([0, 1]);
  });

  it('is nacked as often as it comes while the table stays stuck', async () => {
    const [later, latest] = [
      Promise.withResolvers<WriteResult>(),
      Promise.withResolvers<WriteResult>(),
    ];
    const first = pipeline.handle(message('d1', '{}'));
    await shop.settle(stuck(later.promise));
    await pipeline.handle(message('d1', '{}'));
    later.resolve(stuck(latest.promise));
    await idle();
    expect(ofD1()).toEqual(['d1: nack', 'd1: nack']);
    // The row was not written after all: the next duplicate is.
    latest.resolve({ kind: 'nacked', reason: 'the subscriber is stopping' });
    await first;
    const again = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'written' });
    await again;
    expect(shop.rows).toHaveLength(2);
    expect(ofD1()).toEqual(['d1: nack', 'd1: nack', 'd1: ack']);
  });

  it('becomes a dead letter when it comes again, where the row turns out to be bad', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const first = pipeline.handle(message('d1', '{}'));
    await shop.settle(stuck(later.promise));
    later.resolve({ kind: 'invalid', problem: { reason: 'too wild' } });
    await first;
    expect(deadLetters.rows).toEqual([]);
    const again = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'invalid', problem: { reason: 'too wild' } });
    await deadLetters.settle({ kind: 'written' });
    await again;
    expect(ofD1()).toEqual(['d1: nack', 'd1: ack']);
  });

  it('does not make its replay a duplicate where its dead letter is stored later', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const first = pipeline.handle(message('d1', 'not json'));
    await deadLetters.settle(stuck(later.promise));
    later.resolve({ kind: 'written' });
    await first;
    const replayed = pipeline.handle(message('d1', '{}'));
    await shop.settle({ kind: 'written' });
    await replayed;
    expect(shop.rows).toHaveLength(1);
  });

  it('doubles no event of a delivery', async () => {
    const later = Promise.withResolvers<WriteResult>();
    const send = () =>
      pipeline.handle(message('d1', '[{"event":"open"},{"event":"click"}]', { stream: 'mail' }));
    const first = send();
    await mail.settle({ kind: 'nacked', reason: 'not sent' });
    await mail.settle(stuck(later.promise));
    expect(ofD1()).toEqual(['d1: nack']);
    await send();
    expect(mail.rows).toHaveLength(2);
    later.resolve({ kind: 'written' });
    await first;
    // The duplicate is nacked for the event that was not sent; only that event is written then.
    expect(ofD1()).toEqual(['d1: nack', 'd1: nack']);
    const again = send();
    await mail.settle({ kind: 'written' });
    await again;
    expect(mail.rows).toMatchObject([
      { event_index: '0' },
      { event_index: '1' },
      { event_index: '0' },
    ]);
    expect(ofD1()).toEqual(['d1: nack', 'd1: nack', 'd1: ack']);
  });
});

describe('a stream with a key', () => {
  it('gives rows of a stream with a key their place in its sequence, and no others', async () => {
    const keyed = pipeline.handle(message('d1', '{"id":"e1"}', { stream: 'keyed' }));
    const plain = pipeline.handle(message('d2', '{"id":"e1"}'));
    await shop.settle({ kind: 'written' });
    await shop.settle({ kind: 'written' });
    await Promise.all([keyed, plain]);
    expect(shop.sequences[0]).toMatch(new RegExp(`^${now.toString(16)}/`));
    expect(shop.sequences[1]).toBeUndefined();
  });
});

describe('the in-flight limit', () => {
  it('counts a message until it is acked or nacked', async () => {
    const taken = [message('d1', '{}'), message('d1', '{}'), message('d2', 'not json')].map((m) =>
      pipeline.handle(m),
    );
    await idle();
    expect(inFlight.messages).toBe(3);
    await shop.settle({ kind: 'written' });
    expect(inFlight.messages).toBe(1);
    await deadLetters.settle({ kind: 'nacked', reason: 'the subscriber is stopping' });
    await Promise.all(taken);
    expect(inFlight.messages).toBe(0);
  });
});
