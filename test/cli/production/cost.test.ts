import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type CostPart,
  columnBytes,
  envelopeBytes,
  monthlyCost,
} from '../../../cli/production/monthly-cost.ts';
import { chargeFor, prices, pricesReadOn } from '../../../cli/production/prices.ts';
import { toAttributes } from '../../../shared/envelope.ts';
import { readDocument, tableRows } from '../../docs/documents.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

function cost(...args: string[]) {
  return spawnSync(process.execPath, [main, 'cost', ...args], { encoding: 'utf8' });
}

const cents = (parts: readonly CostPart[]) =>
  Object.fromEntries(parts.map(({ name, usd }) => [name, Number(usd.toFixed(2))]));

describe('a month, computed by hand', () => {
  it('of 5 million deliveries of 800 bytes is within all free tiers', () => {
    const { parts, usd, storage } = monthlyCost({ events: 5e6, bytes: 800 });
    expect(cents(parts)).toEqual({
      'Workers Paid plan': 5,
      'Workers requests': 0,
      'Workers CPU, ms': 0,
      'Workers Logs, lines': 0,
      // 2 × 5e6 × 1,050 bytes are 9.78 GiB, of which 10 are free.
      'Pub/Sub throughput': 0,
      'BigQuery Storage Write': 0,
    });
    expect(usd).toBe(5);
    expect(storage).toMatchObject({ units: 5e6 * 920, usd: 0 });
  });

  it('of 200 million deliveries of 2,000 bytes, each with a line in the log', () => {
    const load = { events: 200e6, bytes: 2000 };
    const { parts, usd, storage } = monthlyCost({ ...load, logsAll: true });
    expect(cents(parts)).toEqual({
      'Workers Paid plan': 5,
      // 190 million at $0.30
      'Workers requests': 57,
      // 170 million ms at $0.02
      'Workers CPU, ms': 3.4,
      // 180 million lines at $0.60
      'Workers Logs, lines': 108,
      // 2 × 2e8 × 2,250 bytes are 0.8185 TiB, less 10 GiB, at $40
      'Pub/Sub throughput': 32.35,
      // 2e8 × 2,120 bytes are 0.39 TiB
      'BigQuery Storage Write': 0,
    });
    expect(usd).toBeCloseTo(205.75, 2);
    // By default only problems leave a line.
    expect(monthlyCost(load).usd).toBeCloseTo(97.75, 2);
    // 394.88 GiB, less 10, at $0.02
    expect(storage.usd).toBeCloseTo(7.7, 2);
  });

  it('bills a small body as 1,000 bytes a request', () => {
    const { parts } = monthlyCost({ events: 1e9, bytes: 10 });
    // 2e12 bytes are 1.819 TiB, less 10 GiB, at $40
    expect(cents(parts)['Pub/Sub throughput']).toBe(72.37);
  });

  it('bills Storage Write beyond 2 TiB', () => {
    const { parts } = monthlyCost({ events: 1e9, bytes: 5000 });
    // 5.12e12 bytes are 4,768.37 GiB, less 2,048, at $0.025
    expect(cents(parts)['BigQuery Storage Write']).toBe(68.01);
  });
});

describe('what it assumes', () => {
  it('leaves room for the attributes of a usual envelope', () => {
    const attributes = toAttributes({
      stream: 'datanostro',
      deliveryId: '01939a3c-7f5e-7b7c-8c1d-2f1e0d9c8b7a',
      receivedAt: 0,
      event: 'invoice.paid',
      contentType: 'application/json',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
    });
    const [messageId, time] = [16, 20];
    const bytes = Object.entries(attributes).flat().join('').length + messageId + time;
    expect(bytes).toBeGreaterThan(envelopeBytes / 2);
    expect(bytes).toBeLessThanOrEqual(envelopeBytes * 1.5);
    expect(columnBytes).toBeGreaterThan(36 + 2 + 8 + 8);
  });

  it('has prices with a month, a page and nothing negative', () => {
    expect(pricesReadOn).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
    for (const price of Object.values(prices)) {
      expect(URL.parse(price.source)?.protocol).toBe('https:');
      expect(chargeFor(price, price.free)).toBe(0);
      expect(chargeFor(price, price.free + price.per)).toBeCloseTo(price.usd, 10);
    }
  });
});

describe('tributary cost', () => {
  it('prints one JSON document, with the prices that it used', () => {
    const { status, stdout } = cost(
      '--events',
      '5e6',
      '--bytes',
      '800',
      '--streams',
      '3',
      '--log-all',
      '--json',
    );
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as { parts: CostPart[]; prices: object };
    expect(report).toMatchObject({ events: 5e6, streams: 3, logAll: true, pricesReadOn });
    const requests = report.parts.find(({ price }) => price === 'workersRequests');
    // 5 million beyond the free 10 million
    expect(requests).toMatchObject({ units: 15e6, usd: 1.5 });
    for (const { price } of report.parts) expect(report.prices).toHaveProperty(price);
  });

  it('prints a table of 80 columns, the date of its prices, and what it leaves out', () => {
    const { status, stdout } = cost('--events', '1e9', '--bytes', '2000');
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter((line) => /^[┌│└├]/.test(line));
    expect(lines.length).toBeGreaterThan(6);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toContain(pricesReadOn);
    expect(stdout).toContain('Not counted:');
  });

  it.each([['0'], ['-5'], ['1.5'], ['many'], [''], ['1e16']])('refuses "%s" events', (events) => {
    const { status, stdout, stderr } = cost(`--events=${events}`, '--bytes=800');
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('whole number');
  });
});

describe('docs/cost.md', () => {
  it('shows what it computes', () => {
    const rows = tableRows(readDocument('docs/cost.md'), '| deliveries a month');
    const number = (text = '') => Number(text.replaceAll(',', ''));
    expect(rows.length).toBeGreaterThan(2);
    for (const [events, bytes, usd] of rows) {
      const computed = monthlyCost({ events: number(events), bytes: number(bytes) }).usd;
      expect(Number(computed.toFixed(2))).toBe(number(usd));
    }
  });
});
