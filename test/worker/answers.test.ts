import { expect, test } from 'vitest';
import { logged, openEdge, purchase, signed } from './edge.ts';

test('smoke', async () => {
  const edge = openEdge();
  const lines = await logged(async () => {
    const r = await edge.send('/shop', await signed(purchase));
    expect(r.status).toBe(204);
  });
  console.log(lines, JSON.stringify(await edge.tries()));
});
