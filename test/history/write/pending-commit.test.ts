import { EventEmitter } from 'node:events';
import { protos } from '@google-cloud/bigquery-storage';
import { describe, expect, it } from 'vitest';
import { fillWindow } from '../../../history/backfill/fill-window.ts';
import { PendingWrite } from '../../../history/write/pending-write.ts';
import { Faults } from '../../../local/faults/faults.ts';
import type { WriteClient } from '../../../subscriber/bigquery/client.ts';
import { day, eventLine, hour, startHistoryBed } from '../../beds/history-bed.ts';

const { StorageErrorCode } = protos.google.cloud.bigquery.storage.v1.StorageError;
const table = 'projects/p/datasets/d/tables/t';

const status = (code: number) => Object.assign(new Error(`status ${code}`), { code });
const UNAVAILABLE = 14;
const INVALID_ARGUMENT = 3;

/** A stand-in for Google's service that accepts every row and answers as configured. */
class Google {
  taken = 0;
  /** The calls in order, without the appends. */
  readonly calls: string[] = [];
  rowCount: (taken: number) => unknown = (taken) => taken;
  streamErrors: unknown[] = [];
  /** Other answers for the next calls, by name. */
  readonly failures: Record<string, Error[]> = {};

  createWriteStream = async (request: { parent: string; writeStream: { type: string } }) => {
    this.#call('create');
    expect(request).toEqual({ parent: table, writeStream: { type: 'PENDING' } });
    return [{ name: 'stream' }];
  };

  finalizeWriteStream = async () => {
    this.#call('finalize');
    return [{ rowCount: this.rowCount(this.taken) }];
  };

  batchCommitWriteStreams = async (request: unknown) => {
    this.#call('commit');
    expect(request).toEqual({ parent: table, writeStreams: ['stream'] });
    return [{ streamErrors: this.streamErrors }];
  };

  appendRows() {
    const stream = Object.assign(new EventEmitter(), {
      cancel: () => {},
      write: ({ protoRows }: { protoRows: { rows: { serializedRows: unknown[] } } }) => {
        this.taken += protoRows.rows.serializedRows.length;
        setImmediate(() => stream.emit('data', { appendResult: {} }));
      },
    });
    return stream;
  }

  #call(name: string): void {
    this.calls.push(name);
    const failure = this.failures[name]?.shift();
    if (failure) throw failure;
  }
}

/** A write with three rows. */
function openWrite(google: Google, maxElapsedMs = 10_000) {
  const write = new PendingWrite<number>({
    client: google as unknown as WriteClient,
    table,
    descriptor: {},
    onRefused() {},
    retryPolicy: { maxElapsedMs, maxSetupElapsedMs: maxElapsedMs, random: () => 0.01 },
  });
  for (let n = 0; n < 3; n++) write.add(new Uint8Array(10), n);
  return write;
}

describe('the commit of a stream', () => {
  it('follows its finalization, once', async () => {
    const google = new Google();
    await openWrite(google).commit();
    expect(google.calls).toEqual(['create', 'finalize', 'commit']);
  });

  it('reads a row count in Google’s form of 64-bit numbers', async () => {
    const google = new Google();
    google.rowCount = String;
    await openWrite(google).commit();
    expect(google.calls).toContain('commit');
  });

  it.each<[string, Google['rowCount']]>([
    ['fewer', (taken) => taken - 1],
    ['more', (taken) => taken + 1],
    ['twice as many', (taken) => String(taken * 2)],
    ['none', () => undefined],
  ])('is not sent if BigQuery has %s rows than it accepted', async (_, rowCount) => {
    const google = new Google();
    google.rowCount = rowCount;
    await expect(openWrite(google).commit()).rejects.toMatchObject({
      code: 'bigquery.row-count',
    });
    expect(google.calls).toEqual(['create', 'finalize']);
  });

  it('fails with an error in its response', async () => {
    const google = new Google();
    google.streamErrors = [
      { code: StorageErrorCode.INVALID_STREAM_STATE, errorMessage: 'not finalized' },
    ];
    await expect(openWrite(google).commit()).rejects.toMatchObject({
      code: 'bigquery.commit',
      message: expect.stringContaining('not finalized'),
    });
  });

  it.each([
    ['its number', StorageErrorCode.STREAM_ALREADY_COMMITTED],
    ['its name', 'STREAM_ALREADY_COMMITTED'],
  ])('succeeds if an earlier one did, reported as %s', async (_, code) => {
    const google = new Google();
    google.failures['commit'] = [status(UNAVAILABLE)];
    google.streamErrors = [{ code, errorMessage: 'committed' }];
    await openWrite(google).commit();
    expect(google.calls).toEqual(['create', 'finalize', 'commit', 'commit']);
  });

  it('is retried, like all calls before it, while BigQuery is not reachable', async () => {
    const google = new Google();
    for (const name of ['create', 'finalize', 'commit']) {
      google.failures[name] = [status(UNAVAILABLE), status(UNAVAILABLE)];
    }
    await openWrite(google).commit();
    expect(google.calls.filter((name) => name === 'commit')).toHaveLength(3);
    expect(google.calls).toHaveLength(9);
  });

  it.each(['finalize', 'commit'])('fails at once if the %s is rejected', async (name) => {
    const google = new Google();
    google.failures[name] = [status(INVALID_ARGUMENT)];
    await expect(openWrite(google).commit()).rejects.toMatchObject({ code: 'bigquery.refused' });
    expect(google.calls.at(-1)).toBe(name);
    expect(google.calls.filter((call) => call === name)).toHaveLength(1);
  });

  it('fails if BigQuery stays unreachable', async () => {
    const google = new Google();
    google.failures['commit'] = Array.from({ length: 10_000 }, () => status(UNAVAILABLE));
    await expect(openWrite(google, 100).commit()).rejects.toMatchObject({
      code: 'bigquery.stream',
    });
  });
});

it('a window with a wrong row count is written again, and its rows exist once', async () => {
  const bed = await startHistoryBed(undefined, new Faults());
  let counted = 0;
  // Google's client, except for the first count.
  const client = Object.create(bed.client) as WriteClient;
  const finalizeWriteStream = async (request: { name: string }) => {
    const [{ rowCount }] = await bed.client.finalizeWriteStream(request);
    return [{ rowCount: counted++ === 0 ? Number(rowCount) + 1 : rowCount }];
  };
  Object.assign(client, { finalizeWriteStream });
  const window = { from: day, to: day + hour };
  const lines = [eventLine('a', day), 'bad', eventLine('b', day + 1)].join('\n');
  const counts = await fillWindow(window, {
    ...bed,
    client,
    range: window,
    open: async function* () {
      yield Buffer.from(lines);
    },
  });
  expect(counts).toMatchObject({ written: 2, rejected: 1 });
  expect(counted).toBe(2);
  expect(bed.rejectedRecords.count).toBe(1);
  expect(await bed.eventIds()).toEqual(['a', 'b']);
});
