import { afterAll, beforeAll, describe, expect } from 'vitest';
import { closeBrowser, itInBrowser, noBrowser, openPage } from '../beds/browser.ts';
import { ConsoleBed } from '../beds/console-bed.ts';
import { select } from '../beds/relay-process.ts';

const streams = (place: string) => `
  stock: generic({ scheme: 'endpoint-key', table: 'shop.stock', columns: {
    id: { type: 'STRING', from: '$.id' },
    amount: { type: 'INT64', from: '${place}', required: true },
  } }),
`;

/** What may be in the page at once, however much there is to show. */
const maxElements = 3000;
const letters = 200;

let bed: ConsoleBed;

beforeAll(async () => {
  if (noBrowser === undefined) bed = await ConsoleBed.start(streams('$.label'));
}, 120_000);

afterAll(async () => {
  await closeBrowser();
  await bed?.stop();
});

describe('much to show', () => {
  itInBrowser('10,000 dead letters and 1,000 streams', async () => {
    const { page, context, errors } = await openPage();
    await page.route('**/api/session', async (route) => {
      const answer = await route.fetch();
      const info = (await answer.json()) as { streams: { name: string }[] };
      const [stream] = info.streams;
      info.streams = Array.from({ length: 1000 }, (_, n) => ({ ...stream, name: `stream-${n}` }));
      await route.fulfill({ response: answer, json: info });
    });
    await page.route('**/api/letters?*', (route) =>
      route.fulfill({
        json: {
          isCut: true,
          letters: Array.from({ length: 10_000 }, (_, n) => ({
            messageId: `m${n}`,
            deliveryId: `d${n}`,
            stream: `stream-${n % 1000}`,
            receivedAt: new Date(n).toISOString(),
            storedAt: new Date(n).toISOString(),
            reason: `reason ${String.fromCharCode(97 + (n % 26))} of "a value that differs ${n}"`,
            column: 'amount',
            writtenInPart: false,
            bytes: n,
            replays: 0,
            lastResult: null,
          })),
        },
      }),
    );
    await page.goto(`${bed.url}/dead-letters`);
    await page.getByText('10,000 dead letters shown').waitFor();
    const list = page.locator('main .virtual');
    await list.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    await page.locator('[aria-rowindex="10000"]').waitFor();
    const elements = await page.evaluate<number>('document.querySelectorAll("*").length');
    expect(elements).toBeLessThan(maxElements);
    await page.getByLabel('Find a stream').fill('stream-777');
    await page.locator('.stream-link').getByText('stream-777').waitFor();
    await expect.poll(() => page.locator('.stream-link').count()).toBe(1);
    expect(errors).toEqual([]);
    await context.close();
  });

  itInBrowser('200 columns, and a cell of a megabyte', async () => {
    const { page, context, errors } = await openPage();
    const columns = Array.from({ length: 199 }, (_, n) => `n + ${n} AS column_${n}`);
    const sql = `SELECT ${columns.join(', ')}, REPEAT('é', 600000) AS wide FROM UNNEST(GENERATE_ARRAY(1, 3)) AS n`;
    await page.goto(`${bed.url}/query?sql=${encodeURIComponent(sql)}`);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('200 columns').waitFor();
    const result = page.locator('.result');
    await result.evaluate((element) => {
      element.scrollLeft = element.scrollWidth;
    });
    await page.locator('[aria-colindex="200"]').waitFor();
    expect(await page.evaluate<number>('document.querySelectorAll("*").length')).toBeLessThan(
      maxElements,
    );
    await page.locator('.cell-button').first().click();
    await page.getByText('600,000 characters', { exact: true }).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });

  itInBrowser('a body of a megabyte', async () => {
    const { page, context, errors } = await openPage();
    const items = Array.from({ length: 9000 }, (_, n) => ({ n, text: 'x'.repeat(80) }));
    const body = JSON.stringify({ id: 'large', label: 'no number', items });
    expect(body.length).toBeGreaterThan(900_000);
    expect((await bed.post('stock', body)).status).toBe(204);
    await page.goto(`${bed.url}/dead-letters`);
    await page.locator('.letter-grid a').first().click();
    await page.getByRole('button', { name: 'Load all of it' }).click();
    await page.locator('.json-name').first().waitFor();
    await page.locator('.hit').waitFor();
    expect(await page.evaluate<number>('document.querySelectorAll("*").length')).toBeLessThan(
      maxElements,
    );
    expect(errors).toEqual([]);
    await context.close();
  });
});

describe('two tabs, and a restart', () => {
  itInBrowser('two tabs that replay the same letters replay each once', async () => {
    await Promise.all(
      Array.from({ length: letters }, (_, n) =>
        bed.post('stock', { id: `twice-${n}`, amount: n, label: 'x' }),
      ),
    );
    const tabs = await Promise.all([openPage(), openPage()]);
    await expect
      .poll(
        async () => {
          const answer = await fetch(`${bed.url}/api/letters`);
          return ((await answer.json()) as { letters: unknown[] }).letters.length;
        },
        { timeout: 60_000 },
      )
      .toBe(letters + 1);
    for (const { page } of tabs) {
      await page.goto(`${bed.url}/dead-letters`);
      await page.getByText(`${letters + 1} dead letters shown`).waitFor();
    }
    await bed.changeConfig(streams('$.amount'));
    for (const { page } of tabs) {
      await page.locator('.connection .ok').waitFor();
      await page.getByRole('button', { name: /^Replay all/ }).click();
      await page.locator('.trials .ok').waitFor();
    }
    await Promise.all(
      tabs.map(({ page }) => page.getByRole('button', { name: `Replay ${letters + 1}` }).click()),
    );
    for (const { page } of tabs) await page.getByText('left out').first().waitFor();
    await expect
      .poll(() => select<{ n: number }>(bed.bigquery, 'SELECT COUNT(*) AS n FROM shop.stock'), {
        timeout: 60_000,
      })
      .toEqual([{ n: letters }]);
    // The large one has no amount.
    await expect
      .poll(
        async () => {
          const answer = await fetch(`${bed.url}/api/letters`);
          return ((await answer.json()) as { letters: { reason: string }[] }).letters.length;
        },
        { timeout: 60_000 },
      )
      .toBeLessThanOrEqual(1);
    for (const { context, errors } of tabs) {
      expect(errors).toEqual([]);
      await context.close();
    }
  });

  itInBrowser('a lost connection is said, and mends itself', async () => {
    const { page, context } = await openPage();
    await page.goto(`${bed.url}/streams/stock`);
    await page.locator('.connection .ok').waitFor();
    await context.setOffline(true);
    await page.evaluate("dispatchEvent(new Event('offline'))");
    await bed.changeConfig(streams('$.amount | $.count'));
    await page.getByText('Lost; reconnecting').waitFor();
    await context.setOffline(false);
    await page.locator('.connection .ok').waitFor();
    await bed.post('stock', { id: 'after', amount: 1 });
    await page.locator('.delivery-grid:not(.head)').first().waitFor();
    await context.close();
  });
});
