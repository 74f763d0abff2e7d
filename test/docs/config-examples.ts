// biome-ignore-all format: generated
// Made by config.test.ts from the examples of the options: `npx vitest run --project node test/docs -u`.
// tsc compiles it, and the test runs it.

import { absmartly, datanostro, defineRelay, generic, hmac, jwt, segmentstream, shopify } from 'tributary-relay';

const table = 'shop.orders';
const relay = { project: 'my-project', publicUrl: 'https://hooks.example.com', streams: {} };
// Signs the URL, the body and a time: it can have every option.
const signed = { table, scheme: 'hubspot', event: '$.type', id: '$.id' } as const;
const exported = { table, apiUrl: 'https://your-subdomain.absmartly.com' } as const;
const acme = { signature: 'header:x-acme-signature' } as const;
const acmeJwt = { signature: 'header:x-acme-jwt', bodyHash: 'payload_hash' } as const;
const api = { url: 'https://app.example.com' };
const bucket = { kind: 'gcs', bucket: 'my-exports' } as const;
const STRING = { type: 'STRING', from: '$.a' } as const;
const TIMESTAMP = { type: 'TIMESTAMP', from: '$.a' } as const;

export const examples = {
  'The relay project': () => defineRelay({ ...relay, project: 'my-project' }),
  'The relay location': () => defineRelay({ ...relay, location: 'europe-west3' }),
  'The relay topic': () => defineRelay({ ...relay, topic: 'webhooks' }),
  'The relay subscription': () => defineRelay({ ...relay, subscription: 'webhooks-bigquery' }),
  'The relay deadLetters': () => defineRelay({ ...relay, deadLetters: 'webhooks.dead_letters' }),
  'The relay publicUrl': () => defineRelay({ ...relay, publicUrl: 'https://hooks.example.com' }),
  'The relay log': () => defineRelay({ ...relay, log: 'all' }),
  'The relay refused': () => defineRelay({ ...relay, refused: { keep: 20, bodyBytes: 512 } }),
  'The relay streams': () => defineRelay({ ...relay, streams: { orders: shopify({ table: 'shop.orders' }) } }),
  'Refused deliveries keep': () => defineRelay({ ...relay, refused: { keep: 20 } }),
  'Refused deliveries bodyBytes': () => defineRelay({ ...relay, refused: { bodyBytes: 512 } }),
  'Every stream table': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, table: 'shop.orders' }) } }),
  'Every stream secrets': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, secrets: ['ORDERS_SECRET_2026', 'ORDERS_SECRET_2025'] }) } }),
  'Every stream filter': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, filter: { event: '^order\\.', where: { field: '$.livemode', equals: true } } }) } }),
  'Every stream key': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, key: ['event_id'] }) } }),
  'Every stream replayWindow': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, replayWindow: '25h' }) } }),
  'Every stream invalidValues': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, invalidValues: 'dead-letter' }) } }),
  'Every stream maxBodyBytes': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, maxBodyBytes: 4 * 1024 * 1024 }) } }),
  'Every stream publishBudgetMs': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, publishBudgetMs: 1500 }) } }),
  'Every stream allowedAddresses': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] }) } }),
  'Every stream acceptedStatus': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, acceptedStatus: 200 }) } }),
  'Every stream acceptsGet': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, acceptsGet: true }) } }),
  'Every stream handshake': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, handshake: 'slack' }) } }),
  'Filters event': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, filter: { event: '^(purchase|begin_checkout)$' } }) } }),
  'Filters events': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, filter: { events: ['order.created', 'order.paid'] } }) } }),
  'Filters where': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, filter: { where: { all: [{ field: '$.livemode', equals: true }, { field: '$.amount', gte: 1000 }] } } }) } }),
  'Filters unsigned': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, event: 'header:x-topic', filter: { unsigned: true, events: ['orders/create', 'orders/paid'] } }) } }),
  'Events and columns body': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, body: ['json', 'form'] }) } }),
  'Events and columns each': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, each: '$.events' }) } }),
  'Events and columns event': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, event: ['$.resource', '$.action'] }) } }),
  'Events and columns id': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, id: '$.event_id | $.id' }) } }),
  'Events and columns time': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, time: { from: '$.created', unit: 's' } }) } }),
  'Events and columns columns': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, columns: {
  event_id: { type: 'STRING', from: 'event:id', required: true },
  sku: { type: 'STRING', from: '$.items[0].sku', description: 'The first item of the order' },
  paid_at: { type: 'TIMESTAMP', from: '$.paid_at', unit: 'ms' },
} }) } }),
  'Events and columns moreColumns': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { total: { type: 'NUMERIC', from: '$.total_price' } } }) } }),
  'A column type': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { own: { ...STRING, type: 'NUMERIC' } } }) } }),
  'A column unit': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { own: { ...TIMESTAMP, unit: 'ms' } } }) } }),
  'A column from': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { own: { ...STRING, from: '$.items[0].sku' } } }) } }),
  'A column required': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { own: { ...STRING, required: true } } }) } }),
  'A column description': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, moreColumns: { own: { ...STRING, description: 'The first item of the order' } } }) } }),
  'generic scheme': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: 'standard-webhooks' }) } }),
  'generic handshake': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, handshake: 'graph' }) } }),
  'A scheme of ones own signature': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, signature: 'header:x-acme-signature' }) }) } }),
  'A scheme of ones own separator': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, separator: ',' }) }) } }),
  'A scheme of ones own tag': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, tag: 'sha256=' }) }) } }),
  'A scheme of ones own after': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, after: '|' }) }) } }),
  'A scheme of ones own encoding': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, encoding: 'base64' }) }) } }),
  'A scheme of ones own key': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, key: 'hex' }) }) } }),
  'A scheme of ones own signed': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, signed: '{header:x-acme-time}.{body}' }) }) } }),
  'A scheme of ones own url': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, url: 'as-sent' }) }) } }),
  'A scheme of ones own timestamp': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, timestamp: { at: 'json:sent_at', unit: 'iso', toleranceS: 300 } }) }) } }),
  'A scheme of ones own bodyDigest': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, bodyDigest: 'query:bodySHA256', signed: '{url}' }) }) } }),
  'A scheme of ones own each': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, each: 'notifications' }) }) } }),
  'A scheme of ones own formOrIn': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: hmac({ ...acme, formOrIn: 'signature' }) }) } }),
  'jwt signature': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, signature: 'header:acme-signature-jwt' }) }) } }),
  'jwt tag': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, tag: 'Bearer ' }) }) } }),
  'jwt bodyHash': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, bodyHash: 'payload_hash' }) }) } }),
  'jwt urlHash': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, urlHash: 'url_hash' }) }) } }),
  'jwt issuer': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, issuer: 'acme' }) }) } }),
  'jwt timestamp': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, timestamp: { at: 'claim:iat', unit: 's', toleranceS: 300 } }) }) } }),
  'jwt key': () => defineRelay({ ...relay, streams: { own: generic({ ...signed, scheme: jwt({ ...acmeJwt, key: 'base64' }) }) } }),
  'datanostro unknown': () => defineRelay({ ...relay, streams: { own: datanostro({ table, unknown: 'keep' }) } }),
  'The history of a datanostro stream history': () => defineRelay({ ...relay, streams: { own: datanostro({ table, history: { url: 'https://app.example.com', header: 'X-Api-Key: {key}' } }) } }),
  'The history of a datanostro stream url': () => defineRelay({ ...relay, streams: { own: datanostro({ table, history: { ...api, url: 'https://app.example.com' } }) } }),
  'The history of a datanostro stream path': () => defineRelay({ ...relay, streams: { own: datanostro({ table, history: { ...api, path: '/v2/export' } }) } }),
  'The history of a datanostro stream header': () => defineRelay({ ...relay, streams: { own: datanostro({ table, history: { ...api, header: 'X-Api-Key: {key}' } }) } }),
  'segmentstream scheme': () => defineRelay({ ...relay, streams: { own: segmentstream({ table, scheme: 'basic' }) } }),
  'segmentstream timeZone': () => defineRelay({ ...relay, streams: { own: segmentstream({ table, timeZone: 'Europe/Prague' }) } }),
  'segmentstream fields': () => defineRelay({ ...relay, streams: { own: segmentstream({ table, fields: true }) } }),
  'absmartly scheme': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, scheme: 'bearer' }) } }),
  'Exports apiUrl': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, apiUrl: 'https://your-subdomain.absmartly.com' }) } }),
  'Exports tablePerExperiment': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, tablePerExperiment: true }) } }),
  'Exports exportFilter': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, exportFilter: { tag: 'checkout', team: 'Growth' } }) } }),
  'Exports storage': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { kind: 'gcs', bucket: 'my-exports', prefix: 'exports/' } }) } }),
  'Exports schema': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, schema: { experiment_id: 'INT64', unit_id: 'STRING', exposed_at: 'TIMESTAMP' } }) } }),
  'Exports encoding': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, encoding: 'windows-1252' }) } }),
  'Exports delimiter': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, delimiter: ';' }) } }),
  'exportFilter tag': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, exportFilter: { tag: 'checkout' } }) } }),
  'exportFilter owner': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, exportFilter: { owner: 'owner@example.com' } }) } }),
  'exportFilter team': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, exportFilter: { team: 'Growth' } }) } }),
  'storage kind': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { ...bucket, kind: 's3' } }) } }),
  'storage bucket': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { ...bucket, bucket: 'my-exports' } }) } }),
  'storage prefix': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { ...bucket, prefix: 'exports/' } }) } }),
  'storage endpoint': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { ...bucket, endpoint: 'https://storage.example.com' } }) } }),
  'storage region': () => defineRelay({ ...relay, streams: { own: absmartly({ ...exported, storage: { ...bucket, region: 'eu-central-1' } }) } }),
};
