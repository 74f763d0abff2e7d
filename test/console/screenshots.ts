/**
 * `node test/console/screenshots.ts`: runs a relay with a story to tell, and writes docs/console/*.png, every page in
 * both themes. Sizes are kept small: the README shows them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freshnessBounds } from '../../shared/report/ledger.ts';
import { closeBrowser, openPage } from '../beds/browser.ts';
import { ConsoleBed } from '../beds/console-bed.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const folder = fileURLToPath(new URL('../../docs/console', import.meta.url));

const streams = `
  orders: shopify({ table: 'shop.orders' }),
  events: datanostro({ table: 'analytics.events', filter: { event: '^(purchase|begin_checkout|add_to_cart)$' } }),
  experiments: absmartly({ table: 'absmartly.exports', apiUrl: 'https://acme.absmartly.com' }),
  crm: segmentstream({ table: 'crm.postbacks', timeZone: 'Europe/Prague' }),
  stock: generic({ scheme: 'endpoint-key', table: 'shop.stock', secrets: ['STOCK_KEY', 'STOCK_KEY_2025'], columns: {
    sku: { type: 'STRING', from: '$.sku', required: true },
    quantity: { type: 'INT64', from: '$.level.quantity', required: true },
    warehouse: { type: 'STRING', from: '$.warehouse' },
    price: { type: 'NUMERIC', from: '$.price' },
    delivery_id: { type: 'STRING', from: 'delivery:id' },
    received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
  } }),
`;

const minuteMs = 60_000;
/** Deliveries a minute, about. */
const usual: Record<string, number> = { orders: 42, events: 118, crm: 17, stock: 26 };

/** An hour that went well, as the edge and the subscriber would have counted it. */
async function writeHistory(bed: ConsoleBed): Promise<void> {
  const now = Math.floor(Date.now() / minuteMs);
  const lines: string[] = [];
  const buckets = freshnessBounds.map((bound) => (bound > 80 && bound < 260 ? 1 : 0));
  for (let ago = 1; ago < 60; ago++) {
    const time = new Date((now - ago) * minuteMs).toISOString();
    for (const [stream, rate] of Object.entries(usual)) {
      const wave = 1 + 0.35 * Math.sin(ago / 7) + 0.18 * Math.sin(ago * 1.7);
      const n = Math.round(rate * wave);
      const row = (side: string, outcome: string, count: number, rows: number, fresh: number[]) =>
        lines.push(
          `(TIMESTAMP '${time}', '${stream}', '${side}', '${outcome}', NULL, ${count}, ${rows}, [${fresh.join(', ')}], CAST([] AS ARRAY<STRING>), 'demo', '${stream}-${ago}-${outcome}', TIMESTAMP '${time}')`,
        );
      row('edge', 'accepted', n, 0, []);
      row(
        'subscriber',
        'written',
        n,
        n,
        buckets.map((share) => share * Math.ceil(n / 3)),
      );
      if (stream === 'events') row('edge', 'filtered', Math.round(n * 0.6), 0, []);
    }
  }
  for (let at = 0; at < lines.length; at += 200) {
    const some = lines
      .slice(at, at + 200)
      .join(',\n')
      .replaceAll('[], CAST', 'CAST([] AS ARRAY<INT64>), CAST');
    await bed.bigquery.query(
      `INSERT INTO tributary.ledger (minute, stream, side, outcome, cause, deliveries, row_count, freshness, delivery_ids, reporter, report_id, reported_at) VALUES ${some}`,
    );
  }
}

function send(bed: ConsoleBed, ...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [main, 'send', ...args], {
    cwd: bed.project.path,
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new Error(stderr);
}

async function tellStory(bed: ConsoleBed): Promise<void> {
  await writeHistory(bed);
  for (const [stream, rate] of Object.entries(usual))
    send(bed, stream, '--count', String(Math.round(rate / 2)));
  send(bed, 'events', '--count', '31', '--set', '$.event_name="page_view"');
  send(bed, 'events', '--count', '12', '--set', '$.event_name="scroll"');
  send(bed, 'stock', '--count', '8', '--set', '$.level.quantity="many"');
  send(bed, 'stock', '--count', '3', '--set', '$.price="n/a"');
  send(bed, 'stock', '--count', '5', '--secret', 'STOCK_KEY_2025');
  send(bed, 'experiments');
  const wrong = (path: string, headers: Record<string, string>) =>
    fetch(`${bed.edge}/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Shopify-Captain-Hook',
        ...headers,
      },
      body: '{"id":820982911946154508}',
    });
  for (let n = 0; n < 4; n++)
    await wrong('orders', {
      'x-shopify-hmac-sha256': 'XWmrwMey6OsLMeiZKwP4FppHH3cmAiiJJAweH5Jo4bM=',
    });
  await wrong('orders', {});
  await wrong('stock/an-old-key', {});
  // The edge reports every ten seconds, with its next delivery.
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  send(bed, 'orders', '--count', '3');
  await new Promise((resolve) => setTimeout(resolve, 9000));
}

const query = `SELECT event_name, COUNT(*) AS n, MAX(received_at) AS last\nFROM \`test-project.analytics.events\`\nGROUP BY event_name\nORDER BY n DESC`;

async function shoot(bed: ConsoleBed, colorScheme: 'light' | 'dark'): Promise<void> {
  const { page, context } = await openPage({
    colorScheme,
    viewport: { width: 1280, height: 720 },
    timezoneId: 'Europe/Prague',
    locale: 'en-GB',
  });
  const shot = async (name: string) => {
    await page.locator('.loading').first().waitFor({ state: 'detached' });
    await page.waitForTimeout(400);
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
  };
  await page.goto(bed.url);
  await page.locator('.verdict').waitFor();
  await shot('flow');
  await page.goto(`${bed.url}/streams/stock`);
  await page.locator('.connection .ok').waitFor();
  send(bed, 'stock', '--count', '6');
  send(bed, 'stock', '--count', '2', '--secret', 'STOCK_KEY_2025');
  await page.locator('.delivery-grid:not(.head)').nth(7).waitFor();
  await shot('stream');
  await page.goto(`${bed.url}/refused`);
  await page.locator('.evidence').waitFor();
  await shot('refused');
  await page.goto(`${bed.url}/dead-letters`);
  await page.locator('.letter-grid a').first().waitFor();
  await shot('dead-letters');
  await page.locator('.letter-grid a').last().click();
  await page.locator('.hit').waitFor();
  await shot('dead-letter');
  await page.goto(`${bed.url}/exports`);
  await page.locator('.job-grid:not(.head)').first().waitFor();
  await shot('exports');
  await page.goto(`${bed.url}/query?sql=${encodeURIComponent(query)}`);
  await page.getByRole('button', { name: 'Run' }).click();
  await page.locator('.result-row').first().waitFor();
  await shot('query');
  await context.close();
}

mkdirSync(folder, { recursive: true });
const bed = await ConsoleBed.start(streams);
try {
  await tellStory(bed);
  for (const theme of ['light', 'dark'] as const) await shoot(bed, theme);
} finally {
  await closeBrowser();
  await bed.stop();
}
