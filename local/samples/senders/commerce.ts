import { formText, type Moment, type SenderSamples } from './sample.ts';

const shopifyOrder = (status: string) => (at: Moment) => ({
  id: at.number(13),
  name: `#${at.number(4)}`,
  email: 'jana@example.com',
  created_at: at.iso,
  currency: 'EUR',
  total_price: '598.94',
  subtotal_price: '583.95',
  total_tax: '14.99',
  financial_status: status,
  customer: { id: at.number(13), first_name: 'Jana', last_name: 'Dvořáková' },
  line_items: [
    { id: at.number(14), sku: 'KETTLE-01', title: 'Kettle', quantity: 2, price: '299.47' },
  ],
});

export const shopify: SenderSamples = {
  headers: (at, event) => ({
    'x-shopify-topic': event,
    'x-shopify-webhook-id': at.uuid(),
    'x-shopify-triggered-at': at.iso,
    'x-shopify-shop-domain': 'example.myshopify.com',
    'x-shopify-api-version': '2026-10',
  }),
  events: {
    'orders/create': shopifyOrder('pending'),
    'orders/paid': shopifyOrder('paid'),
    'orders/cancelled': shopifyOrder('voided'),
    'refunds/create': (at) => ({
      id: at.number(12),
      order_id: at.number(13),
      created_at: at.iso,
      note: 'Returned',
      transactions: [{ id: at.number(13), amount: '299.47', kind: 'refund', status: 'success' }],
    }),
    'products/update': (at) => ({
      id: at.number(13),
      title: 'Kettle',
      vendor: 'Example',
      status: 'active',
      updated_at: at.iso,
      variants: [{ id: at.number(14), sku: 'KETTLE-01', price: '299.47', inventory_quantity: 12 }],
    }),
    'customers/create': (at) => ({
      id: at.number(13),
      email: 'jana@example.com',
      first_name: 'Jana',
      created_at: at.iso,
      verified_email: true,
    }),
  },
};

const order = (at: Moment, status: string) => ({
  orderId: `N${at.number(7)}`,
  status,
  total: '120.13',
  userId: `U${at.number(4)}`,
});

/** A CRM's postbacks: the body is kept raw, whatever its format. The names are those of the formats. */
export const segmentstream: SenderSamples = {
  events: {
    form: (at) => formText(order(at, 'delivered')),
    json: (at) => order(at, 'shipped'),
    xml: (at) => {
      const { orderId, status } = order(at, 'received');
      return `<order id="${orderId}"><status>${status}</status></order>\r\n`;
    },
    text: (at) => `objednávka ${order(at, '').orderId} → refunded`,
  },
};

/** Events of a shop. A client id is beyond 2^53: the table must have every digit. */
function shopEvent(event_name: string, request: object) {
  return (at: Moment) => {
    const event = JSON.stringify({
      id: at.id('evt_'),
      event_name,
      created_at: at.iso,
      tenant_id: 'tenant_1',
      source_ip_masked: '203.0.113.0',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
      request_source: 'web',
      request_body: { ...request, currency: 'CZK', note: 'Příliš žluťoučký kůň 🐎' },
    });
    return event.replace(/\}\}$/, `,"client_id":900719925${at.number(10)}}}`);
  };
}

const items = [{ sku: 'KETTLE-01', quantity: 2, price: 19.9 }];

export const datanostro: SenderSamples = {
  events: {
    purchase: shopEvent('purchase', { items, transaction_id: 'T-1001', value: 39.8 }),
    begin_checkout: shopEvent('begin_checkout', { items, value: 39.8 }),
    add_to_cart: shopEvent('add_to_cart', { items, value: 39.8 }),
    page_view: shopEvent('page_view', { page: '/kettles', referrer: 'https://example.com/' }),
  },
};

/** Its announcement of an export, as its webhook reference shows it. */
export const absmartly: SenderSamples = {
  events: {
    ExperimentDataExportReady: (at) => ({
      event_name: 'ExperimentDataExportReady',
      event_at: at.now,
      id: 42,
      user_id: 7,
      metadata: {
        download_url: '/v1/experiments/exports/15/experiment_42_export.zip',
        export_config_id: 15,
        file_name: 'experiment_42_export.zip',
      },
    }),
  },
};
