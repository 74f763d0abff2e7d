import { protos } from '@google-cloud/bigquery-storage';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WriterOptions } from '../../../../subscriber/bigquery/append/writer.ts';
import { TableWriter } from '../../../../subscriber/bigquery/append/writer.ts';
import { openWriteClient, type WriteClient } from '../../../../subscriber/bigquery/client.ts';
import {
  type Hand,
  type Received,
  type StorageWriteScriptBed,
  startStorageWriteScriptBed,
} from '../../../beds/storage-write-script-bed.ts';

const { StorageError } = protos.google.cloud.bigquery.storage.v1;
const INVALID_ARGUMENT = 3;
const ABORTED = 10;
const UNAVAILABLE = 14;

beforeAll(() => {
  process.env['METADATA_SERVER_DETECTION'] = 'none';
});

let undo: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

async function connect(endpoint: string, options: Partial<WriterOptions> = {}) {
  const client: WriteClient = await openWriteClient({ projectId: 'demo', endpoint });
  const writer = new TableWriter(client, {
    table: 'projects/demo/datasets/d/tables/t',
    descriptor: { name: 'Row', field: [{ name: 'c', number: 1, type: 9, label: 1 }] },
    random: () => 0,
    ...options,
  });
  undo.push(async () => {
    await writer.close(0);
    await client.close();
  });
  return writer;
}

async function scripted(
  script: (received: Received, hand: Hand) => void,
  options: Partial<WriterOptions> = {},
): Promise<{ server: StorageWriteScriptBed; writer: TableWriter }> {
  const server = await startStorageWriteScriptBed(script);
  undo.push(() => server.stop());
  return { server, writer: await connect(server.endpoint, options) };
}

const rows = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const allWritten = (count: number) => ({
  written: Array.from({ length: count }, (_, index) => index),
  invalid: [],
  retryable: [],
});

describe('a server that takes everything', () => {
  test('hears stream and schema once, and gets every row once', async () => {
    const { server, writer } = await scripted((_, hand) => hand.store());
    const outcomes = [await writer.append(rows('a', 'b')), await writer.append(rows('c'))];
    expect(outcomes).toStrictEqual([allWritten(2), allWritten(1)]);
    expect(server.stored).toStrictEqual(['a', 'b', 'c']);
    expect(server.connections).toBe(1);
    expect(server.received.map(({ request }) => request.writeStream)).toStrictEqual([
      'projects/demo/datasets/d/tables/t/streams/_default',
      '',
    ]);
    const schemas = server.received.map(({ request }) => request.protoRows?.writerSchema ?? null);
    expect(schemas[0]?.protoDescriptor?.name).toBe('Row');
    expect(schemas[1]).toBeNull();
  });

  test('no rows are no request', async () => {
    const { server, writer } = await scripted((_, hand) => hand.store());
    expect(await writer.append([])).toStrictEqual(allWritten(0));
    expect(server.received).toStrictEqual([]);
  });

  test('many rows are cut into requests of the size that was asked for', async () => {
    const { server, writer } = await scripted((_, hand) => hand.store(), {
      maxRequestBytes: 10_000,
    });
    const many = Array.from({ length: 100 }, (_, index) => Buffer.alloc(1000, String(index)));
    expect(await writer.append(many)).toStrictEqual(allWritten(100));
    expect(server.received.length).toBeGreaterThanOrEqual(10);
    expect(Math.max(...server.received.map(({ bytes }) => bytes))).toBeLessThan(10_500);
    expect(server.stored).toStrictEqual(many.map(String));
  });

  test('a row that no request can hold is invalid; the others are written', async () => {
    const { writer } = await scripted((_, hand) => hand.store());
    const outcome = await writer.append([
      Buffer.from('a'),
      Buffer.alloc(9_100_000),
      Buffer.from('b'),
    ]);
    expect(outcome).toMatchObject({ written: [0, 2], invalid: [{ index: 1 }], retryable: [] });
  });
});

describe('a server that fails', () => {
  test('never answers: the stream is given up and the rows are sent again', async () => {
    const { server, writer } = await scripted(
      ({ connection }, hand) => {
        if (connection > 1) hand.store();
      },
      { appendTimeoutMs: 50 },
    );
    const outcomes = await Promise.all([writer.append(rows('a')), writer.append(rows('b'))]);
    expect(outcomes).toStrictEqual([allWritten(1), allWritten(1)]);
    expect(server.stored.sort()).toStrictEqual(['a', 'b']);
  });

  test.each<[string, number]>([
    ['OK', 0],
    ['CANCELLED', 1],
    ['ABORTED', 10],
    ['INTERNAL', 13],
    ['UNAVAILABLE', 14],
  ])('ends the stream with %s while appends wait', async (_, code) => {
    const { server, writer } = await scripted(({ connection, number }, hand) => {
      if (connection > 1) return hand.store();
      if (number === 1) hand.store();
      if (number === 3) hand.end(code);
    });
    const outcomes = await Promise.all(['a', 'b', 'c'].map((text) => writer.append(rows(text))));
    expect(outcomes).toStrictEqual([allWritten(1), allWritten(1), allWritten(1)]);
    expect(server.stored.sort()).toStrictEqual(['a', 'b', 'c']);
  });

  test('loses an acknowledgement: at least once', async () => {
    const { server, writer } = await scripted(({ number }, hand) => {
      if (number > 1) return hand.store();
      hand.storeSilently();
      hand.end(UNAVAILABLE);
    });
    expect(await writer.append(rows('a'))).toStrictEqual(allWritten(1));
    expect(server.stored).toStrictEqual(['a', 'a']);
  });

  test.each<[string, number, string]>([
    ['ABORTED', ABORTED, 'transient'],
    ['RESOURCE_EXHAUSTED', 8, 'throttled'],
    ['INTERNAL', 13, 'transient'],
  ])('answers %s: tried again on the same connection', async (_, code, reaction) => {
    const reactions: string[] = [];
    const { server, writer } = await scripted(
      ({ number }, hand) => {
        if (number > 2) hand.store();
        else hand.answer({ error: { code, message: 'as scripted' } });
      },
      { onFailure: (failure) => reactions.push(failure.reaction) },
    );
    expect(await writer.append(rows('a'))).toStrictEqual(allWritten(1));
    expect(reactions).toStrictEqual([reaction, reaction]);
    expect(server.connections).toBe(1);
  });

  test.each<[string, number]>([
    ['NOT_FOUND', 5],
    ['PERMISSION_DENIED', 7],
  ])('answers the first request with %s: the next one tells the schema again', async (_, code) => {
    const { server, writer } = await scripted(({ number, request }, hand) => {
      if (number > 2 && request.protoRows?.writerSchema) hand.store();
      else hand.answer({ error: { code, message: 'as scripted' } });
    });
    expect(await writer.append(rows('a'))).toStrictEqual(allWritten(1));
    expect(server.connections).toBe(3);
  });

  test('answers one after the other, each in time: none is given up for those before it', async () => {
    const waiting: Hand[] = [];
    const { server, writer } = await scripted((_, hand) => void waiting.push(hand), {
      appendTimeoutMs: 1000,
    });
    const outcomes = ['a', 'b', 'c', 'd'].map((text) => writer.append(rows(text)));
    await expect.poll(() => waiting.length).toBe(4);
    for (const hand of waiting) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      hand.store();
    }
    expect(await Promise.all(outcomes)).toStrictEqual(outcomes.map(() => allWritten(1)));
    expect(server.stored).toStrictEqual(['a', 'b', 'c', 'd']);
    expect(server.connections).toBe(1);
  });

  test('ends the stream with NOT_FOUND for a table that was just made', async () => {
    const { writer } = await scripted(({ connection }, hand) => {
      if (connection > 3) hand.store();
      else hand.end(5);
    });
    expect(await writer.append(rows('a', 'b'))).toStrictEqual(allWritten(2));
  });

  test('stays without the table: the rows come back, and nothing is invalid', async () => {
    const { writer } = await scripted((_, hand) => hand.end(5), {
      setupRetryMs: 20,
      random: () => 0.01,
    });
    expect(await writer.append(rows('a', 'b'))).toMatchObject({
      written: [],
      invalid: [],
      retryable: [0, 1],
      failure: { reaction: 'setup', code: 5 },
    });
  });

  test('closes an idle connection: the next append opens another', async () => {
    const { server, writer } = await scripted((_, hand) => hand.store());
    await writer.append(rows('a'));
    server.endAll(ABORTED);
    expect(await writer.append(rows('b'))).toStrictEqual(allWritten(1));
    expect(server.connections).toBe(2);
  });

  test('is not there yet', async () => {
    const first = await startStorageWriteScriptBed((_, hand) => hand.store());
    first.stop();
    const failures: number[] = [];
    const writer = await connect(first.endpoint, {
      random: () => 1,
      onFailure: ({ code }) => failures.push(code),
    });
    const pending = writer.append(rows('a'));
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    const second = await startStorageWriteScriptBed((_, hand) => hand.store(), first.port);
    undo.push(() => second.stop());
    expect(await pending).toStrictEqual(allWritten(1));
    expect(new Set(failures)).toStrictEqual(new Set([UNAVAILABLE]));
  });

  test('announces a new schema with appends in flight: they are answered, the next ones reconnect', async () => {
    const updated = {
      appendResult: {},
      updatedSchema: { fields: [{ name: 'd', type: 1, mode: 1 }] },
    };
    const { server, writer } = await scripted(({ number }, hand) => {
      if (number === 1) {
        hand.storeSilently();
        hand.answer(updated);
      } else hand.store();
    });
    const outcomes = await Promise.all(['a', 'b', 'c'].map((text) => writer.append(rows(text))));
    expect(outcomes).toStrictEqual([allWritten(1), allWritten(1), allWritten(1)]);
    expect(await writer.append(rows('d'))).toStrictEqual(allWritten(1));
    expect(server.stored).toStrictEqual(['a', 'b', 'c', 'd']);
    expect(server.received.map(({ connection }) => connection)).toStrictEqual([1, 1, 1, 2]);
  });
});

describe('bad rows', () => {
  const isBad = (row: string) => row.startsWith('bad');

  test('named by index: the others are sent again without them', async () => {
    const { server, writer } = await scripted(({ rows: sent }, hand) => {
      const rowErrors = sent.flatMap((row, index) =>
        isBad(row) ? [{ index, code: 1, message: `no ${row}` }] : [],
      );
      if (rowErrors.length === 0) hand.store();
      else hand.answer({ error: { code: INVALID_ARGUMENT, message: 'rows' }, rowErrors });
    });
    expect(await writer.append(rows('a', 'bad1', 'b', 'bad2'))).toStrictEqual({
      written: [0, 2],
      invalid: [
        { index: 1, reason: 'no bad1' },
        { index: 3, reason: 'no bad2' },
      ],
      retryable: [],
    });
    expect(server.stored).toStrictEqual(['a', 'b']);
    expect(server.received).toHaveLength(2);
  });

  test.each<[string, (hand: Hand) => void]>([
    ['an answer', (hand) => hand.answer({ error: { code: INVALID_ARGUMENT, message: 'no' } })],
    ['the end of the stream', (hand) => hand.end(INVALID_ARGUMENT, 'no')],
  ])('not named, refused by %s: found by halving', async (_, refuse) => {
    const { server, writer } = await scripted(({ rows: sent }, hand) => {
      if (sent.some(isBad)) refuse(hand);
      else hand.store();
    });
    const texts = Array.from({ length: 40 }, (_, index) =>
      index === 7 || index === 31 ? `bad${index}` : `good${index}`,
    );
    const [outcome, beside] = await Promise.all([
      writer.append(rows(...texts)),
      writer.append(rows('beside')),
    ]);
    expect(outcome.invalid.map(({ index }) => index)).toStrictEqual([7, 31]);
    expect(outcome.written).toHaveLength(38);
    expect(outcome.retryable).toStrictEqual([]);
    expect(beside).toStrictEqual(allWritten(1));
    expect(new Set(server.stored).size).toBe(39);
    expect(server.stored.some(isBad)).toBe(false);
  });

  test('named one by one, an answer each: each is the row that it was in the append', async () => {
    const { server, writer } = await scripted(({ rows: sent }, hand) => {
      const bad = sent.findIndex(isBad);
      if (bad === -1) return hand.store();
      const rowErrors = [{ index: bad, code: 1, message: `no ${sent[bad]}` }];
      hand.answer({ error: { code: INVALID_ARGUMENT, message: 'rows' }, rowErrors });
    });
    expect(await writer.append(rows('bad0', 'a', 'bad2', 'b', 'bad4', 'c'))).toStrictEqual({
      written: [1, 3, 5],
      invalid: [0, 2, 4].map((index) => ({ index, reason: `no bad${index}` })),
      retryable: [],
    });
    expect(server.stored).toStrictEqual(['a', 'b', 'c']);
    expect(server.received).toHaveLength(4);
  });

  test.each<[string, boolean]>([
    ['named', true],
    ['not named', false],
  ])('in any of the requests that an append is cut into, %s', async (_, isNamed) => {
    const { server, writer } = await scripted(
      ({ rows: sent }, hand) => {
        const bad = sent.findIndex(isBad);
        if (bad === -1) return hand.store();
        const rowErrors = isNamed ? [{ index: bad, code: 1, message: 'no' }] : [];
        hand.answer({ error: { code: INVALID_ARGUMENT, message: 'no' }, rowErrors });
      },
      // Three rows each.
      { maxRequestBytes: 40 },
    );
    const bad = [0, 4, 5, 10];
    const texts = Array.from(
      { length: 11 },
      (_, index) =>
        (bad.includes(index) ? 'bad' : 'good').padEnd(5) + String(index).padStart(2, '0'),
    );
    const outcome = await writer.append(rows(...texts));
    expect(outcome.invalid.map(({ index }) => index)).toStrictEqual(bad);
    expect(outcome.written).toStrictEqual([1, 2, 3, 6, 7, 8, 9]);
    expect(server.stored.toSorted()).toStrictEqual(texts.filter((text) => !isBad(text)).toSorted());
  });

  test('in one request, while another of the append is never answered: each row has its own result', async () => {
    const { writer } = await scripted(
      ({ rows: sent }, hand) => {
        if (sent.some((row) => row.startsWith('stuck'))) {
          return hand.answer({ error: { code: UNAVAILABLE, message: 'later' } });
        }
        const named = sent.findIndex(isBad);
        if (named === -1) return hand.store();
        const rowErrors = [{ index: named, code: 1, message: 'no' }];
        hand.answer({ error: { code: INVALID_ARGUMENT, message: 'no' }, rowErrors });
      },
      { maxRequestBytes: 40, retryMs: 0 },
    );
    const texts = ['good.00', 'bad..01', 'good.02', 'stuck03', 'good.04', 'good.05', 'good.06'];
    expect(await writer.append(rows(...texts))).toMatchObject({
      written: [0, 2, 6],
      invalid: [{ index: 1 }],
      retryable: [3, 4, 5],
    });
  });

  test('all refused without a reason: not proven bad, so they are retryable', async () => {
    const refusal = { error: { code: INVALID_ARGUMENT, message: 'no' } };
    const { writer } = await scripted((_, hand) => hand.answer(refusal), {
      setupRetryMs: 30,
      random: () => 0.01,
    });
    expect(await writer.append(rows('a', 'b', 'c'))).toMatchObject({
      written: [],
      invalid: [],
      retryable: [0, 1, 2],
      failure: { reaction: 'setup', code: INVALID_ARGUMENT },
    });
  });

  test('all refused while another append is taken: proven bad', async () => {
    const { writer } = await scripted(
      ({ rows: sent }, hand) => {
        if (sent.some(isBad)) hand.answer({ error: { code: INVALID_ARGUMENT, message: 'no' } });
        else hand.store();
      },
      { random: () => 0.01, onFailure: () => void writer.append(rows('good')) },
    );
    expect(await writer.append(rows('bad1', 'bad2'))).toMatchObject({
      written: [],
      invalid: [{ index: 0 }, { index: 1 }],
      retryable: [],
    });
  });

  test('refused just after another append was taken: not proven bad', async () => {
    const refusal = { error: { code: INVALID_ARGUMENT, message: 'the table is at odds' } };
    const { writer } = await scripted(
      ({ number }, hand) => (number === 1 ? hand.store() : hand.answer(refusal)),
      { setupRetryMs: 30, random: () => 0.01 },
    );
    const [taken, refused] = await Promise.all([
      writer.append(rows('a')),
      writer.append(rows('b', 'c', 'd', 'e')),
    ]);
    expect(taken).toStrictEqual(allWritten(1));
    expect(refused).toMatchObject({ written: [], invalid: [], retryable: [0, 1, 2, 3] });
  });

  test('refused while the table was the cause, and taken with the others afterwards: not bad', async () => {
    let isAtOdds = true;
    const refusal = { error: { code: INVALID_ARGUMENT, message: 'the table is at odds' } };
    const { server, writer } = await scripted(
      (_, hand) => (isAtOdds ? hand.answer(refusal) : hand.store()),
      {
        random: () => 0.01,
        onFailure: () => {
          isAtOdds = false;
          void writer.append(rows('beside'));
        },
      },
    );
    expect(await writer.append(rows('a', 'b', 'c'))).toStrictEqual(allWritten(3));
    expect(server.stored.sort()).toStrictEqual(['a', 'b', 'beside', 'c']);
  });

  test.each([
    ['the first', [0]],
    ['the last ones', [3, 4, 5]],
    ['each but one', [0, 1, 3, 4, 5]],
  ])('%s of an append, with no other beside it: found', async (_, bad) => {
    const { server, writer } = await scripted(
      ({ rows: sent }, hand) => {
        if (sent.some(isBad)) hand.answer({ error: { code: INVALID_ARGUMENT, message: 'no' } });
        else hand.store();
      },
      { random: () => 0.01 },
    );
    const texts = [0, 1, 2, 3, 4, 5].map((n) => (bad.includes(n) ? `bad${n}` : `good${n}`));
    const outcome = await writer.append(rows(...texts));
    expect(outcome.invalid.map(({ index }) => index)).toStrictEqual(bad);
    expect(outcome.retryable).toStrictEqual([]);
    expect(server.stored.sort()).toStrictEqual(texts.filter((text) => !isBad(text)));
  });

  test('a table that refuses every row is not asked about each of them', async () => {
    const refusal = { error: { code: INVALID_ARGUMENT, message: 'no' } };
    const { server, writer } = await scripted((_, hand) => hand.answer(refusal), {
      setupRetryMs: 0,
      random: () => 0.01,
    });
    const many = rows(...Array.from({ length: 1024 }, (_, index) => `row${index}`));
    const outcome = await writer.append(many);
    expect(outcome.retryable).toHaveLength(1024);
    // Down to one row, by halves.
    expect(server.received).toHaveLength(11);
  });

  test('a schema that the table has outgrown is no fault of the rows', async () => {
    const value = StorageError.encode(
      StorageError.fromObject({ code: 'SCHEMA_MISMATCH_EXTRA_FIELDS' }),
    ).finish();
    const type_url = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';
    const error = { code: INVALID_ARGUMENT, message: 'x', details: [{ type_url, value }] };
    const { writer } = await scripted((_, hand) => hand.answer({ error }), {
      setupRetryMs: 20,
      random: () => 0.01,
    });
    expect(await writer.append(rows('a', 'b'))).toMatchObject({
      retryable: [0, 1],
      failure: { reaction: 'setup' },
    });
  });

  test('a refusal whose details cannot be read is one that names no row', async () => {
    const type_url = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';
    const details = [{ type_url, value: Buffer.from([0xff, 0xff, 0xff]) }];
    const error = { code: INVALID_ARGUMENT, message: 'no', details };
    const { writer } = await scripted(({ rows: sent }, hand) => {
      if (sent.some(isBad)) hand.answer({ error });
      else hand.store();
    });
    expect(await writer.append(rows('good', 'bad', 'good'))).toStrictEqual({
      written: [0, 2],
      invalid: [{ index: 1, reason: 'no' }],
      retryable: [],
    });
  });
});

describe('limits', () => {
  test('no more bytes are under way than allowed', async () => {
    const waiting: Hand[] = [];
    const { server, writer } = await scripted((_, hand) => void waiting.push(hand), {
      maxInFlightBytes: 3500,
    });
    const outcomes = Array.from({ length: 9 }, () => writer.append([Buffer.alloc(1000, 'x')]));
    for (let answered = 0; answered < 9; answered++) {
      await expect.poll(() => waiting.length).toBeGreaterThan(answered);
      expect(waiting.length - answered).toBeLessThanOrEqual(3);
      waiting[answered]?.store();
    }
    expect(await Promise.all(outcomes)).toStrictEqual(outcomes.map(() => allWritten(1)));
    expect(server.connections).toBe(1);
  });

  test('a hot table gets more connections, up to the cap, and each row once', async () => {
    const waiting: Hand[] = [];
    const { server, writer } = await scripted((_, hand) => void waiting.push(hand), {
      bytesPerConnection: 2000,
      maxConnections: 3,
    });
    const outcomes = Array.from({ length: 9 }, () => writer.append([Buffer.alloc(1000, 'x')]));
    await expect.poll(() => waiting.length).toBe(9);
    expect(server.connections).toBe(3);
    for (const hand of waiting) hand.store();
    expect(await Promise.all(outcomes)).toStrictEqual(outcomes.map(() => allWritten(1)));
    const calm = writer.append(rows('a'));
    await expect.poll(() => waiting.length).toBe(10);
    waiting[9]?.store();
    expect(await calm).toStrictEqual(allWritten(1));
    expect(server.connections).toBe(3);
    expect(server.stored).toHaveLength(10);
  });

  test('a failure is reported once, however many appends it affects', async () => {
    let failures = 0;
    const { writer } = await scripted(
      (_, hand) => {
        if (failures > 0) hand.store();
        else hand.answer({ error: { code: UNAVAILABLE, message: '' } });
      },
      { random: () => 0.5, onFailure: () => failures++ },
    );
    const outcomes = ['a', 'b', 'c', 'd'].map((text) => writer.append(rows(text)));
    expect(await Promise.all(outcomes)).toStrictEqual(outcomes.map(() => allWritten(1)));
    expect(failures).toBe(1);
  });

  test('after a long outage the next try is due within two seconds', async () => {
    const waits: number[] = [];
    let drawn = 0;
    const { writer } = await scripted(
      (_, hand) => hand.answer({ error: { code: UNAVAILABLE, message: '' } }),
      // Twenty tries without a wait, then the longest one.
      { random: () => (drawn++ < 20 ? 0 : 1), onFailure: (_, waitMs) => void waits.push(waitMs) },
    );
    const given = writer.append(rows('a'));
    await expect.poll(() => waits.at(-1), { timeout: 20_000 }).toBeGreaterThan(0);
    expect(waits.at(-1)).toBe(2000);
    await writer.close(0);
    expect(await given).toMatchObject({ retryable: [0] });
  });

  test('closing lets answers come, and gives the rest back', async () => {
    const waiting: Hand[] = [];
    const { writer } = await scripted(
      ({ rows: sent }, hand) => {
        if (sent[0] === 'later') hand.answer({ error: { code: UNAVAILABLE, message: '' } });
        else waiting.push(hand);
      },
      { random: () => 1 },
    );
    const failing = writer.append(rows('later'));
    const answered = writer.append(rows('a'));
    const silent = writer.append(rows('b'));
    await expect.poll(() => waiting.length).toBe(2);
    const closed = writer.close(100);
    waiting[0]?.store();
    await closed;
    expect(await answered).toStrictEqual(allWritten(1));
    expect(await silent).toMatchObject({ retryable: [0], failure: { reaction: 'transient' } });
    expect(await failing).toMatchObject({ retryable: [0], failure: { reaction: 'transient' } });
    expect(await writer.append(rows('c'))).toMatchObject({ retryable: [0] });
  });

  test('closing sends what was handed over just before', async () => {
    const { server, writer } = await scripted((_, hand) => hand.store(), { maxInFlightBytes: 10 });
    const outcomes = ['a', 'b', 'c'].map((text) => writer.append(rows(text)));
    await writer.close(5000);
    expect(await Promise.all(outcomes)).toStrictEqual(outcomes.map(() => allWritten(1)));
    expect(server.stored).toStrictEqual(['a', 'b', 'c']);
  });
});
