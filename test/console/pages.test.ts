import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { closeBrowser, itInBrowser, noBrowser, openPage } from '../beds/browser.ts';
import { ConsoleBed } from '../beds/console-bed.ts';

const streams = `
  stock: generic({ scheme: 'endpoint-key', table: 'shop.stock', columns: {
    id: { type: 'STRING', from: '$.id' },
    amount: { type: 'INT64', from: '$.amount', required: true },
  } }),
  events: datanostro({ table: 'shop.events', filter: { event: '^purchase$' } }),
  experiments: absmartly({ table: 'shop.exports', apiUrl: 'https://acme.absmartly.com' }),
`;

const pages = [
  '/',
  '/streams/stock',
  '/streams/stock?tab=rows',
  '/streams/stock?tab=filter',
  '/streams/stock?tab=send',
  '/refused',
  '/dead-letters',
  '/exports',
  '/query?sql=SELECT+1+AS+one',
  '/no-such-page',
];

let bed: ConsoleBed;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  bed = await ConsoleBed.start(streams);
  await bed.post('stock', { id: 'a', amount: 1 });
  await bed.post('stock', { id: 'b', amount: 'many' });
  await fetch(`${bed.edge}/stock/wrong-key`, { method: 'POST', body: '{}' });
}, 120_000);

afterAll(async () => {
  await closeBrowser();
  await bed?.stop();
});

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

describe('every page', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    itInBrowser(`has no serious problem of accessibility, ${colorScheme}`, async () => {
      const { page, context, errors } = await openPage({ colorScheme, bypassCSP: true });
      const found: string[] = [];
      const look = async (name: string) => {
        await page.locator('h1').waitFor();
        await expect.poll(() => page.locator('.loading').count()).toBe(0);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
        for (const { id, impact, nodes } of violations) {
          if (impact === 'serious' || impact === 'critical')
            found.push(`${name}: ${id} ${nodes[0]?.html}`);
        }
      };
      for (const path of pages) {
        await page.goto(bed.url + path);
        await look(path);
      }
      await page.goto(`${bed.url}/dead-letters`);
      await page.getByRole('button', { name: 'Replay all 1' }).click();
      await page.locator('.trials').waitFor();
      await look('the dialog of a replay');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.locator('.letter-grid a').first().click();
      await page.locator('.body-view').waitFor();
      await look('a dead letter');
      await page.goto(`${bed.url}/query?sql=SELECT+1+AS+one`);
      await page.getByRole('button', { name: 'Run' }).click();
      await page.locator('.result-row').waitFor();
      await look('a result');
      expect(found).toEqual([]);
      expect(errors).toEqual([]);
      await context.close();
    });
  }

  itInBrowser('fits a phone', async () => {
    const { page, context } = await openPage({ viewport: { width: 390, height: 844 } });
    for (const path of pages) {
      await page.goto(bed.url + path);
      await page.locator('h1').waitFor();
      await expect.poll(() => page.locator('.loading').count()).toBe(0);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect({ path, width }).toEqual({ path, width: 390 });
    }
    await context.close();
  });

  itInBrowser('is reached by keyboard', async () => {
    const { page, context } = await openPage();
    await page.goto(bed.url);
    await page.locator('h1').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Dead letters' }).waitFor();
    await page.keyboard.press('/');
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('INPUT');
    await page.keyboard.type('number');
    await expect.poll(() => new URL(page.url()).searchParams.get('reason')).toBe('number');
    await page.locator('h1').focus();
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'detached' });
    await context.close();
  });

  itInBrowser('is small, and comes at once', async () => {
    const { page, context } = await openPage();
    await page.goto(bed.url);
    await page.locator('h1').waitFor();
    const paint = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1",
    );
    const bytes = await page.evaluate<number>(
      "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)",
    );
    console.log(`first paint after ${Math.round(paint)} ms, ${bytes} bytes`);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(100_000);
    await context.close();
  });
});
