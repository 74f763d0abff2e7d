import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeKind, type RelayBed, type StoredRow, startRelayBed } from '../beds/relay-bed.ts';
import { seenAs } from './compare-case.ts';
import { configOf, readCases, requestOf } from './delivery-case.ts';
import { type Answer, RawConnection } from './raw-http.ts';

// Each delivery goes to the Worker over a raw socket, as its sender writes it, and is looked for in BigQuery.

const cases = ['deliveries.json', 'deliveries-more.json'].flatMap(readCases);

const edges: EdgeKind[] = ['workerd', 'miniflare'];

describe.each(edges)('what real senders send, to %s', (edge) => {
  let bed: RelayBed;
  let rows: StoredRow[] = [];
  let deadLetters: Record<string, unknown>[] = [];
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    bed = await startRelayBed({ ...configOf(cases), edge });
    for (const each of cases) {
      const connection = new RawConnection(bed.port);
      answers.set(each.id, await connection.send([requestOf(each, Date.now())], each.method));
      connection.close();
    }
    while ((await readMissing()).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
    rows = await bed.rows();
    deadLetters = await bed.deadLetters();
  }, 120_000);

  afterAll(async () => await bed?.stop());

  const acceptedIds = () => [...answers.values()].flatMap((answer) => idOf(answer) ?? []);

  /** Which accepted deliveries are neither a row nor a dead letter yet? */
  async function readMissing(): Promise<string[]> {
    const stored = await bed.storedIds();
    return acceptedIds().filter((id) => !stored.has(id));
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

  test('what was accepted is stored, and nothing else', async () => {
    expect((await bed.storedIds()).symmetricDifference(new Set(acceptedIds()))).toEqual(new Set());
  });
});

function idOf(answer: Answer): string | undefined {
  return answer.headers['tributary-delivery-id'];
}
