import { formText, type Moment, type SenderSamples } from './sample.ts';

const adyenTransfer = (type: string, status: string) => (at: Moment) => ({
  data: {
    id: at.id('', 20).toUpperCase(),
    creationDate: at.iso,
    amount: { currency: 'EUR', value: 1130 },
    status,
  },
  environment: 'test',
  timestamp: at.iso,
  type,
});

export const adyenPlatform: SenderSamples = {
  events: {
    'balancePlatform.transfer.created': adyenTransfer(
      'balancePlatform.transfer.created',
      'received',
    ),
    'balancePlatform.transfer.updated': adyenTransfer('balancePlatform.transfer.updated', 'booked'),
  },
};

/** The event's name stands inside the payload, in XML. */
const braintreeNotification = (kind: string) => (at: Moment) => {
  const timestamp = `${at.iso.slice(0, 19)}Z`;
  const xml = `<notification><kind>${kind}</kind><timestamp>${timestamp}</timestamp><subject><id>${at.id('', 8)}</id></subject></notification>`;
  return formText({ bt_payload: `${btoa(xml)}\n` });
};

export const braintree: SenderSamples = {
  events: {
    subscription_charged_successfully: braintreeNotification('subscription_charged_successfully'),
    dispute_opened: braintreeNotification('dispute_opened'),
  },
};

const coinbaseCharge = (type: string) => (at: Moment) => ({
  id: at.number(6),
  scheduled_for: at.iso,
  event: {
    id: at.uuid(),
    resource: 'event',
    type,
    api_version: '2018-03-22',
    created_at: at.iso,
    data: {
      code: at.id('', 8).toUpperCase(),
      name: 'Kettle',
      pricing: { local: { amount: '39.80', currency: 'EUR' } },
    },
  },
});

export const coinbaseCommerce: SenderSamples = {
  events: {
    'charge:confirmed': coinbaseCharge('charge:confirmed'),
    'charge:created': coinbaseCharge('charge:created'),
    'charge:failed': coinbaseCharge('charge:failed'),
  },
};

const gocardlessEvent = (resource_type: string, action: string) => (at: Moment) => ({
  events: [
    {
      id: at.id('EV', 14).toUpperCase(),
      created_at: at.iso,
      resource_type,
      action,
      links: { [resource_type.slice(0, -1)]: at.id('PM', 12).toUpperCase() },
      details: { origin: 'gocardless', cause: `${resource_type}_${action}` },
    },
  ],
  meta: { webhook_id: at.id('WB', 12).toUpperCase() },
});

export const gocardless: SenderSamples = {
  events: {
    'payments.confirmed': gocardlessEvent('payments', 'confirmed'),
    'payments.failed': gocardlessEvent('payments', 'failed'),
    'mandates.active': gocardlessEvent('mandates', 'active'),
  },
};

const paypalEvent = (event_type: string, resource_type: string) => (at: Moment) => ({
  id: at.id('WH-', 20).toUpperCase(),
  event_version: '1.0',
  create_time: at.iso,
  resource_type,
  event_type,
  summary: 'A payment of EUR 39.80',
  resource: {
    id: at.id('', 17).toUpperCase(),
    amount: { currency_code: 'EUR', value: '39.80' },
    status: 'COMPLETED',
  },
});

export const paypal: SenderSamples = {
  events: {
    'PAYMENT.CAPTURE.COMPLETED': paypalEvent('PAYMENT.CAPTURE.COMPLETED', 'capture'),
    'PAYMENT.CAPTURE.REFUNDED': paypalEvent('PAYMENT.CAPTURE.REFUNDED', 'refund'),
    'BILLING.SUBSCRIPTION.ACTIVATED': paypalEvent('BILLING.SUBSCRIPTION.ACTIVATED', 'subscription'),
  },
};

const wiseEvent = (event_type: string, data: object) => (at: Moment) => ({
  data: { resource: { id: at.number(8), type: 'transfer' }, occurred_at: at.iso, ...data },
  event_type,
  schema_version: '2.0.0',
  sent_at: at.iso,
  subscription_id: at.uuid(),
});

export const wise: SenderSamples = {
  headers: (at) => ({ 'x-delivery-id': at.uuid() }),
  events: {
    'transfers#state-change': wiseEvent('transfers#state-change', {
      current_state: 'processing',
      previous_state: 'incoming_payment_waiting',
    }),
    'balances#credit': wiseEvent('balances#credit', { amount: 39.8, currency: 'EUR' }),
  },
};
