import { afterAll, beforeAll, describe, expect } from 'vitest';
import { closeBrowser, itInBrowser, noBrowser, openPage } from '../beds/browser.ts';
import { ConsoleBed } from '../beds/console-bed.ts';
import { select } from '../beds/relay-process.ts';

/** @param place where the config finds the amount; senders have it at `$.amount` */
const streams = (place: string) => `
  stock: generic({ scheme: 'endpoint-key', table: 'shop.stock', key: ['id'], columns: {
    id: { type: 'STRING', from: '$.id' },
    amount: { type: 'INT64', from: '${place}', required: true },
    note: { type: 'STRING', from: '$.note' },
  } }),
  events: datanostro({ table: 'shop.events', filter: { event: '^purchase$' } }),
  orders: shopify({ table: 'shop.orders' }),
`;

let bed: ConsoleBed;

beforeAll(async () => {
  if (noBrowser === undefined) bed = await ConsoleBed.start(streams('$.amount'));
}, 120_000);

afterAll(async () => {
  await closeBrowser();
  await bed?.stop();
});

describe('the console in a browser', () => {
  itInBrowser('sends a sample, and its row appears', async () => {
    const { page, context, errors } = await openPage();
    await page.goto(`${bed.url}/streams/events?tab=send`);
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByText('It is a row').waitFor();
    await page.getByRole('link', { name: 'Show' }).click();
    await page.locator('.result-row').first().waitFor();
    await expect.poll(() => page.locator('.result-row').count()).toBe(1);

    // A second one appears by itself in the table that is open.
    const body = await page.evaluate(async () => {
      const session = (await (await fetch('/api/session')).json()) as { csrf: string };
      const headers = { 'content-type': 'application/json', 'x-csrf-token': session.csrf };
      const ask = async (path: string, sent: object) =>
        await (
          await fetch(`/api/streams/events/samples/${path}`, {
            method: 'POST',
            headers,
            body: JSON.stringify(sent),
          })
        ).json();
      return await ask('send', (await ask('draft', {})) as object);
    });
    expect(body).toMatchObject({ status: 204 });
    const begunAt = Date.now();
    await page.locator('.result-row').nth(1).waitFor();
    console.log(`the row appeared after ${Date.now() - begunAt} ms`);
    expect(errors).toEqual([]);
    await context.close();
  });

  itInBrowser(
    'a broken mapping makes dead letters; mended, they are tried, replayed, and are rows',
    async () => {
      const { page, context, errors } = await openPage();
      await bed.changeConfig(streams('$.note'));
      for (const id of ['a', 'b']) {
        expect((await bed.post('stock', { id, amount: 5, note: 'no number' })).status).toBe(204);
      }
      await page.goto(`${bed.url}/dead-letters`);
      await page.getByText('2 dead letters shown').waitFor();
      await page.locator('.letter-grid a').first().click();
      await page.getByText('a dead letter again').waitFor();
      await page.locator('.json-name').first().waitFor();

      await page.goto(`${bed.url}/dead-letters`);
      await bed.changeConfig(streams('$.amount'));
      await page.locator('.connection .ok').waitFor();
      await page.getByRole('button', { name: 'Replay all 2' }).click();
      await page.locator('.trials .ok', { hasText: 'a row' }).waitFor();
      await page.getByRole('button', { name: 'Replay 2' }).click();
      await page.getByText('2 written').waitFor();
      await page.getByText('There are no dead letters.').waitFor();
      const rows = await select<{ n: number }>(
        bed.bigquery,
        'SELECT COUNT(*) AS n FROM shop.stock WHERE amount = 5',
      );
      expect(rows[0]?.n).toBe(2);
      expect(errors).toEqual([]);
      await context.close();
    },
  );

  itInBrowser('shows a refused delivery with its evidence, by cause', async () => {
    const refused = (headers: Record<string, string>) =>
      fetch(`${bed.edge}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    expect((await refused({})).status).toBe(401);
    expect((await refused({ 'x-shopify-hmac-sha256': 'AAAA' })).status).toBe(401);
    const { page, context } = await openPage();
    // The edge reports every ten seconds, with its next delivery.
    await expect
      .poll(
        async () => {
          await bed.post('stock', { id: 'later', amount: 1 });
          await page.goto(`${bed.url}/refused?stream=orders`);
          const causes = page.getByRole('list', { name: 'By cause' });
          // Until there are some, the list is absent.
          await causes.waitFor({ timeout: 3000 }).catch(() => {});
          return await causes.getByRole('button').count();
        },
        { timeout: 60_000, interval: 1000 },
      )
      .toBe(2);
    await page.getByRole('list', { name: 'By cause' }).getByRole('button').first().click();
    await expect.poll(() => page.locator('.refused-list li').count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('cause')).toBeTruthy();
    await page.locator('.evidence').getByText('POST /orders').waitFor();
    expect(await page.locator('.evidence').textContent()).not.toContain('AAAA');
    await context.close();
  });

  itInBrowser('runs a query, downloads it, and cancels one that does not end', async () => {
    const { page, context, errors } = await openPage({ acceptDownloads: true });
    const sql =
      "SELECT n, CONCAT('x', CAST(n AS STRING)) AS text FROM UNNEST(GENERATE_ARRAY(1, 1200)) AS n ORDER BY n";
    await page.goto(`${bed.url}/query?sql=${encodeURIComponent(sql)}`);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('1,200 rows').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByText('Download CSV').click(),
    ]);
    const csv = await (await import('node:fs/promises')).readFile(await download.path(), 'utf8');
    expect(csv.split('\n').slice(0, 2)).toEqual(['n,text', '1,x1']);
    expect(csv.trimEnd().split('\n')).toHaveLength(1201);

    const endless =
      'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, UNNEST(GENERATE_ARRAY(1, 100000)) AS b WHERE MOD(a * b, 7) = 3';
    await page.getByLabel('Statement').fill(endless);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/Cancelled after/).waitFor();

    await page.getByLabel('Statement').fill('DELETE FROM shop.stock WHERE TRUE');
    await page.getByRole('button', { name: 'Run' }).click();
    await page
      .getByText(/SELECT only/)
      .first()
      .waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });

  itInBrowser('shows markup, bidi and control characters, and runs none', async () => {
    const note =
      '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202egnp.exe\u0007';
    expect((await bed.post('stock', { id: note, amount: note, note })).status).toBe(204);
    const { page, context, errors } = await openPage();
    await page.goto(`${bed.url}/dead-letters`);
    await page.locator('.letter-grid a').first().click();
    const body = page.locator('.body-view');
    await body.getByText('onerror').first().waitFor();
    expect(await body.textContent()).toContain('\\u202e');
    expect(await body.textContent()).not.toContain('\u202e');
    await page.goto(
      `${bed.url}/query?sql=${encodeURIComponent(`SELECT '<script>window.hacked=1</script>' AS \`a\``)}`,
    );
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('1 row').waitFor();
    expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
    expect(errors).toEqual([]);
    await context.close();
  });
});
