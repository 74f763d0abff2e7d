import { formText, type Moment, type SenderSamples } from './sample.ts';

// Banks, wallets and other payment services.

function adyenTransfer(type: string, status: string) {
  return (at: Moment) => ({
    data: {
      id: at.id('', 16),
      creationDate: at.iso,
      amount: { currency: 'EUR', value: 4900 },
      status,
    },
    environment: 'test',
    timestamp: at.iso,
    type,
  });
}

export const adyenPlatform: SenderSamples = {
  events: {
    'balancePlatform.transfer.created': adyenTransfer(
      'balancePlatform.transfer.created',
      'received',
    ),
    'balancePlatform.transfer.updated': adyenTransfer('balancePlatform.transfer.updated', 'booked'),
  },
};

function braintreeEvent(kind: string) {
  return (at: Moment) =>
    formText({
      bt_payload: btoa(
        `<notification><timestamp type="datetime">${at.iso}</timestamp><kind>${kind}</kind>` +
          `<subject><subscription><id>${at.id('', 6)}</id></subscription></subject></notification>\n`,
      ),
    });
}

export const braintree: SenderSamples = {
  events: {
    subscription_charged_successfully: braintreeEvent('subscription_charged_successfully'),
    subscription_went_past_due: braintreeEvent('subscription_went_past_due'),
  },
};

function charge(type: string) {
  return (at: Moment) => ({
    id: at.number(8),
    attempt_number: 1,
    scheduled_for: at.iso,
    event: {
      id: at.uuid(),
      type,
      created_at: at.iso,
      api_version: '2018-03-22',
      data: { code: at.id('', 8), pricing: { local: { amount: '49.00', currency: 'EUR' } } },
    },
  });
}

export const coinbaseCommerce: SenderSamples = {
  events: {
    'charge:confirmed': charge('charge:confirmed'),
    'charge:failed': charge('charge:failed'),
  },
};

function gocardlessEvent(resource: string, action: string) {
  return (at: Moment) => ({
    events: [
      {
        id: at.id('EV', 12),
        created_at: at.iso,
        resource_type: resource,
        action,
        links: { [resource.slice(0, -1)]: at.id('', 12) },
        details: { origin: 'gocardless', cause: `${resource.slice(0, -1)}_${action}` },
      },
    ],
    meta: { webhook_id: at.id('WB', 12) },
  });
}

export const gocardless: SenderSamples = {
  events: {
    'payments.confirmed': gocardlessEvent('payments', 'confirmed'),
    'mandates.cancelled': gocardlessEvent('mandates', 'cancelled'),
  },
};

function paypalEvent(type: string, state: string) {
  return (at: Moment) => ({
    id: at.id('WH-', 17),
    create_time: at.iso,
    event_type: type,
    event_version: '1.0',
    resource_type: 'capture',
    resource: {
      id: at.id('', 17),
      status: state,
      amount: { currency_code: 'EUR', value: '49.00' },
    },
  });
}

export const paypal: SenderSamples = {
  events: {
    'PAYMENT.CAPTURE.COMPLETED': paypalEvent('PAYMENT.CAPTURE.COMPLETED', 'COMPLETED'),
    'PAYMENT.CAPTURE.REFUNDED': paypalEvent('PAYMENT.CAPTURE.REFUNDED', 'REFUNDED'),
  },
};

function wiseEvent(type: string, data: object) {
  return (at: Moment) => ({
    data: {
      resource: { id: at.number(8), type: type.split('s#')[0] },
      ...data,
      occurred_at: at.iso,
    },
    subscription_id: at.uuid(),
    event_type: type,
    schema_version: '2.0.0',
    sent_at: at.iso,
  });
}

export const wise: SenderSamples = {
  headers: (at) => ({ 'x-delivery-id': at.uuid() }),
  events: {
    'transfers#state-change': wiseEvent('transfers#state-change', { current_state: 'processing' }),
    'balances#credit': wiseEvent('balances#credit', { amount: 49, currency: 'EUR' }),
  },
};
