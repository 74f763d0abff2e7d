import { afterEach, describe, expect, it } from 'vitest';
import { defineRelay } from '../../shared/config.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { openWriteClient } from '../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../subscriber/bigquery/encode.ts';
import { TableWriter } from '../../subscriber/bigquery/writer.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import { TableQueue } from '../../subscriber/table-queue.ts';
import { WaitingRoom } from '../../subscriber/waiting-room.ts';
import {
  type Hand,
  type Received,
  type ScriptedServer,
  startScriptedServer,
} from './bigquery/scripted-server.ts';
import { QueueOfGoogle } from './queue-of-google.ts';

const streams = ['broken', 'sound'] as const;
type Stream = (typeof streams)[number];

const relay = defineRelay({
  project: 'my-project',
  streams: {
    broken: segmentstream({ table: 'd.broken' }),
    sound: segmentstream({ table: 'd.sound' }),
  },
});

const mostOut = 400;
const lateAfterMs = 300;

/** Two tables, each with a BigQuery that behaves as its script says, behind one pull. */
class Bed {
  readonly undo: (() => Promise<void> | void)[] = [];
  readonly servers = new Map<Stream, ScriptedServer>();
  readonly room = new WaitingRoom({ messages: mostOut * 0.85, bytes: 10_000_000, lateAfterMs });
  queue = new QueueOfGoogle(() => {}, { mostOut: 0, firstPauseMs: 1 });
  #published = 0;

  async open(scripts: Record<Stream, (received: Received, hand: Hand) => void>): Promise<this> {
    const tables = new Map<string, TableQueue>();
    for (const stream of streams) tables.set(stream, await this.#openTable(stream, scripts));
    const pipeline = new Pipeline({
      relay,
      tables,
      deadLetters: { store: () => Promise.resolve({ kind: 'held', reason: 'there are none' }) },
      room: this.room,
      loadExport: () => Promise.resolve({ kind: 'held', reason: 'there are none' }),
      log: () => {},
    });
    this.queue = new QueueOfGoogle((message) => void pipeline.take(message), {
      mostOut,
      firstPauseMs: 50,
    });
    this.undo.push(() => this.queue.stop());
    return this;
  }

  /** Publishes one message; gives its id. */
  publish(stream: Stream): string {
    const deliveryId = `${stream}-${++this.#published}`;
    const attributes = toAttributes({ stream, deliveryId, receivedAt: Date.now() });
    const data = new TextEncoder().encode(`the body of ${deliveryId}`);
    this.queue.publish({ id: deliveryId, attributes, data });
    return deliveryId;
  }

  /** The ids of the rows that a table holds, one for each time. */
  stored(stream: Stream): string[] {
    const rows = this.servers.get(stream)?.stored ?? [];
    return rows.map((row) => /body of (\S+-\d+)/.exec(row)?.[1] ?? '');
  }

  async #openTable(
    stream: Stream,
    scripts: Record<Stream, (received: Received, hand: Hand) => void>,
  ): Promise<TableQueue> {
    const server = await startScriptedServer(scripts[stream]);
    this.servers.set(stream, server);
    const client = await openWriteClient({ projectId: 'my-project', endpoint: server.endpoint });
    const encoder = createEncoder(
      {
        columns: [
          { name: 'hit_id', type: 'STRING' },
          { name: 'payload', type: 'STRING' },
          { name: 'received_at', type: 'INT64' },
          { name: 'date', type: 'DATE' },
        ],
      },
      Date.now,
    );
    const writer = new TableWriter(client, {
      table: `projects/my-project/datasets/d/tables/${stream}`,
      descriptor: encoder.descriptor,
      appendTimeoutMs: 500,
    });
    const table = new TableQueue({
      encoder,
      writer,
      room: this.room,
      limits: { rows: 50, bytes: 100_000, lingerMs: 5 },
      underWay: { rows: 100, bytes: 1_000_000 },
      onSetupFailure: () => Promise.resolve(),
    });
    this.undo.push(async () => {
      await table.close(0);
      await client.close();
      server.stop();
    });
    return table;
  }
}

let bed: Bed;

afterEach(async () => {
  for (const step of bed.undo.reverse()) await step();
});

const takes = (_: Received, hand: Hand) => hand.store();

describe('one table in trouble', () => {
  it('delays no other, keeps memory bounded, and has every row once it is back', async () => {
    let isFrozen = true;
    bed = await new Bed().open({
      broken: (_, hand) => {
        if (!isFrozen) hand.store();
      },
      sound: takes,
    });
    const broken = Array.from({ length: 5 * mostOut }, () => bed.publish('broken'));
    const sound = Array.from({ length: 50 }, () => bed.publish('sound'));
    // All of these stand in line behind more of the broken table's rows than may be out at once.
    await expect.poll(() => new Set(bed.stored('sound')).size, { timeout: 20_000 }).toBe(50);
    expect(new Set(bed.stored('sound'))).toEqual(new Set(sound));
    expect(bed.stored('broken')).toEqual([]);
    expect(sound.filter((id) => bed.queue.givenBack.has(id))).toEqual([]);

    // From now on nobody waits for the broken table.
    for (let round = 0; round < 20; round++) {
      const id = bed.publish('sound');
      await expect.poll(() => bed.queue.acked.has(id), { timeout: 5000 }).toBe(true);
    }
    expect(bed.stored('broken')).toEqual([]);

    isFrozen = false;
    await expect
      .poll(() => new Set(bed.stored('broken')).size, { timeout: 20_000 })
      .toBe(broken.length);
    expect(new Set(bed.stored('broken'))).toEqual(new Set(broken));
    await expect.poll(() => bed.queue.acked.size).toBe(broken.length + sound.length + 20);
    expect(bed.queue.mostSeenOut).toBeLessThanOrEqual(mostOut);
    expect(bed.room.messages).toBe(0);
  });

  it('is held, not given back, when no table is written: BigQuery is down', async () => {
    let isDown = true;
    const script = (_: Received, hand: Hand) => {
      if (isDown) hand.answer({ error: { code: 14, message: 'down' } });
      else hand.store();
    };
    bed = await new Bed().open({ broken: script, sound: script });
    const published = Array.from({ length: mostOut }, () =>
      streams.map((s) => bed.publish(s)),
    ).flat();
    await new Promise((resolve) => setTimeout(resolve, 6 * lateAfterMs));
    expect(bed.queue.givenBack.size).toBe(0);
    expect(bed.queue.acked.size).toBe(0);
    isDown = false;
    await expect.poll(() => bed.queue.acked.size, { timeout: 20_000 }).toBe(published.length);
    expect(new Set([...bed.stored('broken'), ...bed.stored('sound')])).toEqual(new Set(published));
  });
});
