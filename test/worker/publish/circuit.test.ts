import { expect, test } from 'vitest';
import type { Attempt } from '../../../worker/publish/batches.ts';
import { Circuit } from '../../../worker/publish/circuit.ts';
import { logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

const away: Attempt = { stored: false, cause: 'pubsub-503', retry: true };
const request = { url: '', token: '', timeoutMs: 2000 };
const longMs = 60_000;

/** A circuit, and what the next attempts find. */
function openCircuit(...found: Attempt[]) {
  const circuit = new Circuit(async () => found.shift() ?? { stored: true });
  const attempt = (timeoutMs = request.timeoutMs) => circuit.attempt([], { ...request, timeoutMs });
  return { circuit, attempt };
}

/** With five failures behind it. */
async function openInOutage(...found: Attempt[]) {
  const opened = openCircuit(...Array<Attempt>(5).fill(away), ...found);
  for (let n = 0; n < 5; n++) await opened.attempt();
  return opened;
}

/** What a delivery has been told by now, if anything. */
async function toldBy(turn: Promise<unknown>): Promise<unknown> {
  for (let n = 0; n < 5; n++) await Promise.resolve();
  return await Promise.race([turn, Promise.resolve('waits')]);
}

test('a few failures in a row are no outage, nor many with one success among them', async () => {
  const found = [away, away, away, away, { stored: true } as const, away, away, away, away];
  const { circuit, attempt } = openCircuit(...found);
  for (const _ of found) {
    await attempt();
    expect(await circuit.enter(longMs)).toBe('send');
  }
});

test.each<[string, Attempt, number]>([
  ['refusals that no retry changes', { stored: false, cause: 'pubsub-403', retry: false }, 2000],
  ['timeouts of senders in a hurry', { stored: false, cause: 'pubsub-timeout', retry: true }, 250],
])('%s are no outage', async (_, failure, timeoutMs) => {
  const { circuit, attempt } = openCircuit(...Array<Attempt>(20).fill(failure));
  for (let n = 0; n < 20; n++) await attempt(timeoutMs);
  expect(await circuit.enter(longMs)).toBe('send');
});

test('in an outage one delivery probes and the others wait; when it is answered, all go on', async () => {
  const { circuit, attempt } = await openInOutage(away);
  expect(await circuit.enter(longMs)).toBe('probe');
  const waiting = [circuit.enter(longMs), circuit.enter(longMs)];
  await attempt();
  expect(await Promise.all(waiting.map(toldBy))).toEqual(['waits', 'waits']);
  await attempt();
  expect(await Promise.all(waiting)).toEqual(['send', 'send']);
  expect(await circuit.enter(longMs)).toBe('send');
});

test('a probe that is refused for good shows that Pub/Sub answers', async () => {
  const { circuit, attempt } = await openInOutage({
    stored: false,
    cause: 'pubsub-400',
    retry: false,
  });
  await circuit.enter(longMs);
  await attempt();
  expect(await circuit.enter(longMs)).toBe('send');
});

test('when the delivery that probes gives up, the one with most time left probes', async () => {
  const { circuit } = await openInOutage();
  await circuit.enter(longMs);
  const older = circuit.enter(longMs);
  const newer = circuit.enter(longMs);
  circuit.leave();
  expect(await newer).toBe('probe');
  expect(await toldBy(older)).toBe('waits');
  // It probes: another one waits.
  expect(await toldBy(circuit.enter(longMs))).toBe('waits');
});

test('when nobody waits, the next delivery probes at once', async () => {
  const { circuit } = await openInOutage();
  await circuit.enter(longMs);
  circuit.leave();
  expect(await circuit.enter(longMs)).toBe('probe');
});

test('if the delivery that probes is cut off, the next one probes after its time', async () => {
  const { circuit } = await openInOutage();
  expect(await circuit.enter(1)).toBe('probe');
  await expect.poll(() => circuit.enter(1), { timeout: 20_000 }).toBe('probe');
});

test('nobody waits longer for a delivery that was cut off while it probed', async () => {
  const { circuit } = await openInOutage();
  expect(await circuit.enter(1)).toBe('probe');
  // Nothing else comes: the one that waits notices by itself.
  expect(await circuit.enter(longMs)).toBe('probe');
});

test('a delivery whose time is over is not the next to probe', async () => {
  const { circuit } = await openInOutage();
  await circuit.enter(longMs);
  const next = circuit.enter(longMs);
  const over = circuit.enter(1);
  expect(await over).toBe('over');
  circuit.leave();
  expect(await next).toBe('probe');
});

test('a delivery that has waited for its time is over', async () => {
  const { circuit } = await openInOutage();
  await circuit.enter(longMs);
  expect(await circuit.enter(1)).toBe('over');
});

test('probes alternate between the endpoints', async () => {
  const { circuit } = await openInOutage();
  expect([0, 1, 2].map(() => circuit.nextProbe(2))).toEqual([0, 1, 0]);
});

test('in an outage the edge publishes far less often than deliveries come', async () => {
  const edge = openEdge({ streams: { shop: { ...shop, publishBudgetMs: 800 } } });
  await edge.script(Array(1000).fill({ status: 503 }));
  const init = await signed(purchase);
  const deliveries = 40;
  const send = async () => {
    const response = await edge.send('/shop', init);
    expect(response.status).toBe(503);
  };
  await logged(async () => {
    await edge.together(Array(deliveries).fill(send));
    const before = (await edge.tries()).length;
    await edge.together(Array(deliveries).fill(send));
    // Alone, each would be tried at least twice: on a slow machine the probes follow each other more slowly, too.
    expect((await edge.tries()).length - before).toBeLessThan(deliveries);
  });
});

test('after an outage the next delivery is stored', async () => {
  const edge = openEdge({ streams: { shop: { ...shop, publishBudgetMs: 4000 } } });
  await edge.script(Array(1000).fill({ status: 503 }));
  const init = await signed(purchase);
  const lines = await logged(async () => {
    await edge.together(Array(8).fill(() => edge.send('/shop', init)));
    await edge.script([]);
    expect((await edge.send('/shop', init)).status).toBe(204);
  });
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ outcome: 'accepted' });
});
