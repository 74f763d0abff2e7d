import { schemes } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';

/** A signed delivery that is sent repeatedly. */
export interface Delivery {
  path: string;
  headers: Record<string, string>;
  body: Buffer<ArrayBuffer>;
}

/** An event of DataNostro of exactly `bytes` bytes, with its name early in the body, where DataNostro has it. */
export async function makeDelivery(
  eventName: string,
  bytes: number,
  secret: string,
): Promise<Delivery> {
  const body = Buffer.from(makeBody(eventName, bytes));
  const path = '/datanostro';
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', url: path, headers: new Headers(headers), body };
  const signed = await signRequest(schemes.datanostro, request, secret, Date.now());
  return { path, headers: { ...headers, ...signed.headers }, body };
}

function makeBody(eventName: string, bytes: number): string {
  const items: object[] = [];
  const event = {
    id: 'evt_01JXK5Q8Z6V7W8X9Y0',
    event_name: eventName,
    created_at: '2026-06-05T09:59:59.512Z',
  };
  const rest = {
    tenant_id: 'tenant_7',
    source_ip_masked: '203.0.113.0',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    request_source: 'web',
  };
  const toWhole = (note: string) =>
    JSON.stringify({
      ...event,
      ...rest,
      request_body: { client_id: '1837465.1780653599', currency: 'CZK', items, note },
    });
  const toSmallest = (note: string) => JSON.stringify({ ...event, request_body: { note } });
  const toText = toWhole('').length <= bytes ? toWhole : toSmallest;
  const item = { item_id: 'SKU-104', item_name: 'A coffee grinder', price: 1990.5, quantity: 1 };
  const room = bytes - toText('').length - 100;
  const perItem = JSON.stringify(item).length + 1;
  for (let used = 0; used + perItem <= room; used += perItem) items.push(item);
  return toText('x'.repeat(Math.max(0, bytes - toText('').length)));
}
