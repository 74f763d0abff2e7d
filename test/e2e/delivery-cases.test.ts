import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seenAs } from './compare-case.ts';
import { configOf, readCases, requestOf } from './delivery-case.ts';
import { type Answer, RawConnection } from './raw-http.ts';
import { type EdgeKind, RelayBed, type StoredRow } from './relay-bed.ts';

// Each delivery goes to the Worker over a raw socket, as its sender writes it, and is looked for in BigQuery.

const cases = ['deliveries.json', 'deliveries-more.json'].flatMap(readCases);

const edges: EdgeKind[] = ['workerd', 'miniflare'];

describe.each(edges)('what real senders send, to %s', (edge) => {
  let bed: RelayBed;
  let rows: StoredRow[] = [];
  let deadLetters: Record<string, unknown>[] = [];
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    bed = await RelayBed.start({ ...configOf(cases), edge });
    for (const each of cases) {
      const connection = new RawConnection(bed.port);
      answers.set(each.id, await connection.send([requestOf(each, Date.now())], each.method));
      connection.close();
    }
    while ((await readMissing()).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }, 120_000);

  afterAll(async () => await bed?.stop());

  const acceptedIds = () => [...answers.values()].flatMap((answer) => idOf(answer) ?? []);

  /** Reads all tables. Which accepted deliveries are in none yet? */
  async function readMissing(): Promise<string[]> {
    rows = await bed.rows();
    deadLetters = await bed.deadLetters();
    const found = new Set(rows.map(({ deliveryId }) => deliveryId));
    for (const letter of deadLetters) found.add(String(letter['delivery_id']));
    return acceptedIds().filter((id) => !found.has(id));
  }

  test.each(cases)('$id', ({ id, right: { or, ...right } }) => {
    const answer = answers.get(id);
    if (!answer) throw new Error('it was not sent');
    const isOfIt = (deliveryId: unknown) => deliveryId === idOf(answer);
    const ending = {
      answer,
      stored: rows.filter(({ deliveryId }) => isOfIt(deliveryId)),
      deadLetters: deadLetters.filter((letter) => isOfIt(letter['delivery_id'])),
    };
    if (or && isDeepStrictEqual(seenAs(or, ending), or)) return;
    expect(seenAs(right, ending)).toEqual(right);
  });

  test('what is stored was accepted, and nothing else', () => {
    const stored = new Set(rows.map(({ deliveryId }) => deliveryId));
    expect(stored.difference(new Set(acceptedIds()))).toEqual(new Set());
  });
});

function idOf(answer: Answer): string | undefined {
  return answer.headers['tributary-delivery-id'];
}
