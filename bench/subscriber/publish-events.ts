import { v7 as uuidv7 } from 'uuid';
import { toAttributes } from '../../shared/envelope.ts';

const perRequest = 500;

/** A DataNostro event of about 800 bytes. */
function event(n: number): string {
  return JSON.stringify({
    id: `evt_${n.toString().padStart(9, '0')}`,
    event_name: 'purchase',
    created_at: new Date().toISOString(),
    tenant_id: `tenant_${n % 4}`,
    request_body: {
      currency: 'CZK',
      note: 'Leave it at the door, please; the bell does not ring. '.repeat(3),
      items: Array.from({ length: 9 }, (_, index) => ({
        sku: `SKU-${n % 1000}-${index}`,
        price: 19.9 + index,
      })),
    },
    source_ip_masked: '203.0.113.0',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    request_source: 'web',
  });
}

/** Publishes `count` events as the edge does, but many in each request. */
export async function publishEvents(port: number, topic: string, count: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/v1/projects/bench-project/topics/${topic}:publish`;
  for (let sent = 0; sent < count; sent += perRequest) {
    const messages = Array.from({ length: Math.min(perRequest, count - sent) }, (_, index) => ({
      data: Buffer.from(event(sent + index)).toString('base64'),
      attributes: toAttributes({
        stream: 'shop',
        deliveryId: uuidv7(),
        receivedAt: Date.now(),
      }),
    }));
    const body = JSON.stringify({ messages });
    const headers = { 'content-type': 'application/json' };
    const send = () => fetch(url, { method: 'POST', body, headers });
    // The server may have closed a kept-alive connection.
    const response = await send().catch(send);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`publish: ${response.status}`);
  }
}
