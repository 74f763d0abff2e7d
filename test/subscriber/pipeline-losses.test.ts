import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Row } from '../../shared/columns.ts';
import type { Relay } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { edgeReportStream, writeReport } from '../../shared/report/edge-report.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { DeadLetter } from '../../subscriber/dead-letters/dead-letter-rows.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import type { WriteResult } from '../../subscriber/rows/write-result.ts';
import { rowTable } from '../beds/row-table.ts';

// What would be lost or written twice, silently, if one write result were taken for another.

const relay = defineRelay({
  project: 'my-project',
  streams: {
    shop: datanostro({ table: 'dn.events' }),
    exports: absmartly({ table: 'ab.exports', apiUrl: 'https://acme.absmartly.com' }),
    mail: generic({ table: 'mail.events', each: '$', event: '$.event', id: '$.id' }),
    keyed: generic({ table: 'mail.keyed', each: '$', id: '$.id', key: ['event_id'] }),
  },
});

const written: WriteResult = { kind: 'written' };
const nacked: WriteResult = { kind: 'nacked', reason: 'no rows taken' };

let rows: Row[];
let sequences: (string | undefined)[];
let letters: DeadLetter[];
let settled: string[];
/** The results of the rows that are written next. */
let results: (WriteResult | Promise<WriteResult>)[];

beforeEach(() => {
  rows = [];
  sequences = [];
  letters = [];
  settled = [];
  results = [];
});

function open(of: Relay = relay, tables = ['shop', 'mail', 'keyed', 'reports']): Pipeline {
  const write = async (row: Row, sequence?: string): Promise<WriteResult> => {
    rows.push(row);
    sequences.push(sequence);
    return (await results.shift()) ?? written;
  };
  return new Pipeline({
    relay: of,
    tables: new Map(tables.map((name) => [name, rowTable(write)])),
    ...(tables.includes('reports') && {
      reports: { ledger: rowTable(write), census: rowTable(write), refused: rowTable(write) },
    }),
    deadLetters: {
      write: async (letter) => {
        letters.push(letter);
        return written;
      },
    },
    inFlight: { add() {}, remove() {} },
    exports: { write: async () => written },
    replays: { write: async () => written },
    log() {},
  });
}

let messages = 0;

function message(stream: string, deliveryId: string, body: string | Uint8Array) {
  return {
    id: `m${++messages}`,
    data: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    attributes: toAttributes({ stream, deliveryId, receivedAt: 0 }),
    ack: () => settled.push(`${deliveryId}: ack`),
    nack: () => settled.push(`${deliveryId}: nack`),
  };
}

/** Lets everything run that waits for nothing but its turn. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

const report = writeReport({
  isolate: 'a',
  ledger: [{ minute: 0, stream: 'shop', outcome: 'accepted', deliveries: 1 }],
  census: [],
  refused: [],
});

describe('a message becomes a dead letter, and is acked then', () => {
  it.each<[string, string, string | Uint8Array]>([
    ['a report of the edge that is none', edgeReportStream, '{"ledger":3}'],
    ['an announcement that names no file', 'exports', '{"event_name":"ExperimentDataExportReady"}'],
    ['an envelope of a stream that is gone', 'gone', '{}'],
  ])('for %s', async (_, stream, body) => {
    await open().handle(message(stream, 'd1', body));
    expect(letters).toMatchObject([{ attributes: { stream, delivery_id: 'd1' } }]);
    expect(settled).toEqual(['d1: ack']);
    expect(rows).toEqual([]);
  });

  it.each(['shop', 'mail'])('for a mapping of %s that throws, and no other waits', async (name) => {
    const streams = new Map(relay.streams);
    // A config that nobody has checked: what is read of it throws.
    const broken = new Proxy(streams.get(name) ?? {}, {
      get: (target, member) => {
        if (member === 'name' || member === 'source') return Reflect.get(target, member);
        throw new Error('boom');
      },
    });
    const pipeline = open({ ...relay, streams: new Map([...streams, [name, broken as never]]) });
    await pipeline.handle(message(name, 'd1', '[{"id":"a"}]'));
    await pipeline.handle(message(name, 'd2', '[{"id":"a"}]'));
    expect(letters.map(({ reason }) => reason)).toEqual(Array(2).fill('the mapping failed: boom'));
    expect(settled).toEqual(['d1: ack', 'd2: ack']);
  });

  it('for a mapping that throws behind the first event, which is written once', async () => {
    // A mistake of our own, which no input can make.
    vi.spyOn(sources.generic, 'mapEach').mockImplementation(function* () {
      yield { ok: true, event: 0, row: { event_id: 'a' } };
      throw new Error('boom');
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const pipeline = open();
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    expect(letters[0]?.reason).toContain('the mapping failed: boom');
    expect(settled).toEqual(['d1: ack', 'd1: ack']);
    expect(rows).toHaveLength(1);
  });

  it('one for each message that is no envelope', async () => {
    const pipeline = open();
    const [a, b] = [message('shop', 'd1', 'a'), message('shop', 'd2', 'b')];
    await Promise.all([a, b].map((one) => pipeline.handle({ ...one, attributes: {} })));
    await pipeline.handle({ ...message('shop', 'd3', 'c'), attributes: {} });
    expect(letters.map(({ data }) => Buffer.from(data).toString())).toEqual(['a', 'b', 'c']);
    expect(settled).toEqual(['d1: ack', 'd2: ack', 'd3: ack']);
  });

  it('once more for a delivery that was sent again, and is as bad as before', async () => {
    const pipeline = open();
    for (const body of ['bad', 'bad']) await pipeline.handle(message('shop', 'd1', body));
    expect(new Set(letters.map(({ messageId }) => messageId)).size).toBe(2);
    expect(settled).toEqual(['d1: ack', 'd1: ack']);
  });
});

describe('a message is nacked', () => {
  it.each<[string, string, string | Uint8Array]>([
    ['a stream whose table is not open', 'shop', '{}'],
    ['a report of the edge while its tables are not', edgeReportStream, report],
  ])('of %s', async (_, stream, body) => {
    await open(relay, ['mail']).handle(message(stream, 'd1', body));
    expect(settled).toEqual(['d1: nack']);
    expect(letters).toEqual([]);
  });

  it('while one of its events is nacked, although another is invalid; its dead letter comes last', async () => {
    const pipeline = open();
    results = [{ kind: 'invalid', problem: { reason: 'too wild' } }, nacked];
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    expect(settled).toEqual(['d1: nack']);
    expect(letters).toEqual([]);
    results = [{ kind: 'invalid', problem: { reason: 'too wild' } }, written];
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    expect(settled).toEqual(['d1: nack', 'd1: ack']);
    expect(letters).toHaveLength(1);
  });
});

describe('events', () => {
  it('of one delivery are not taken for those of another with the same places', async () => {
    const pipeline = open();
    results = [written, nacked];
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    await pipeline.handle(message('mail', 'd2', '[{"id":"c"},{"id":"d"}]'));
    expect(rows.map((row) => row['event_id'])).toEqual(['a', 'b', 'c', 'd']);
    expect(settled).toEqual(['d1: nack', 'd2: ack']);
  });

  it('that were written are not written again when the others’ later results are known', async () => {
    const pipeline = open();
    const later = Promise.withResolvers<WriteResult>();
    results = [written, { kind: 'nacked', reason: 'stuck', later: later.promise }];
    const first = pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    await idle();
    expect(settled).toEqual(['d1: nack']);
    later.resolve(nacked);
    await first;
    await pipeline.handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    expect(rows.map((row) => row['event_id'])).toEqual(['a', 'b', 'b']);
  });

  it('that are invalid are named in their order, whatever the order of their results', async () => {
    const first = Promise.withResolvers<WriteResult>();
    results = [first.promise, { kind: 'invalid', problem: { reason: 'second' } }];
    const taken = open().handle(message('mail', 'd1', '[{"id":"a"},{"id":"b"}]'));
    await idle();
    first.resolve({ kind: 'invalid', problem: { reason: 'first' } });
    await taken;
    expect(letters[0]?.reason).toBe('event 0: first; event 1: second');
  });

  it('with one key in one delivery have places of their own: the last one counts', async () => {
    await open().handle(message('keyed', 'd1', '[{"id":"a"},{"id":"a"},{"id":"a"}]'));
    expect(new Set(sequences).size).toBe(3);
    expect(sequences.toSorted()).toEqual(sequences);
  });

  it('larger than the budget are written all the same', async () => {
    const pipeline = open();
    const large = `[{"id":"a","text":"${'x'.repeat(9_000_000)}"},{"id":"b"}]`;
    await pipeline.handle(message('mail', 'd1', large));
    expect(rows.map((row) => row['event_id'])).toEqual(['a', 'b']);
    expect(settled).toEqual(['d1: ack']);
  });
});
