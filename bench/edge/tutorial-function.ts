import { createHmac, timingSafeEqual } from 'node:crypto';
import { BigQuery } from '@google-cloud/bigquery';
import { http, type Request } from '@google-cloud/functions-framework';

/**
 * The Cloud Function of DataNostro's tutorial, on Node, which the relay replaces. It takes the same steps: the HMAC
 * over the raw body, the JSON that the framework parsed, one row by insertAll.
 */
http('receive-dn-event', async (request, response) => {
  if (!isSigned(request)) {
    response.status(401).send('invalid signature');
    return;
  }
  const event = request.body as Record<string, unknown> | undefined;
  if (!event) {
    response.status(400).send('no payload');
    return;
  }
  const row = {
    event_id: event['id'],
    event_name: event['event_name'],
    event_time: event['created_at'],
    tenant_id: event['tenant_id'],
    payload: event['request_body'],
    user_ip_masked: event['source_ip_masked'],
    user_agent: event['user_agent'],
    request_source: event['request_source'],
  };
  try {
    await table.insert([row]);
  } catch (error) {
    response.status(500).send(`bq insert failed: ${error}`);
    return;
  }
  response.status(204).send('ok');
});

// An emulator's client does not look for the project's id.
const projectId = process.env['GOOGLE_CLOUD_PROJECT'] ?? '';
const table = new BigQuery({ projectId }).dataset('datanostro_events').table('events');
const sharedSecret = process.env['DN_WEBHOOK_SECRET'] ?? '';

function isSigned(request: Request): boolean {
  const signature = Buffer.from(request.get('x-dn-signature') ?? '');
  const expected = createHmac('sha256', sharedSecret)
    .update(request.rawBody ?? '')
    .digest('hex');
  return signature.length === expected.length && timingSafeEqual(signature, Buffer.from(expected));
}
