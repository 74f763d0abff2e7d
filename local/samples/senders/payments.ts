import type { Moment, SenderSamples } from './sample.ts';

function stripeEvent(type: string, object: (at: Moment) => object) {
  return (at: Moment) => ({
    id: at.id('evt_', 24),
    object: 'event',
    api_version: '2025-09-30.clover',
    created: at.seconds,
    type,
    livemode: false,
    pending_webhooks: 1,
    request: { id: at.id('req_', 14), idempotency_key: at.uuid() },
    data: { object: object(at) },
  });
}

function stripeInvoice(paid: boolean) {
  return (at: Moment) => ({
    id: at.id('in_', 24),
    object: 'invoice',
    customer: 'cus_R4nD0mExample',
    customer_email: 'jana@example.com',
    currency: 'eur',
    amount_due: 4900,
    amount_paid: paid ? 4900 : 0,
    status: paid ? 'paid' : 'open',
    attempt_count: 1,
    created: at.seconds,
    lines: { data: [{ description: 'Team plan', quantity: 1, amount: 4900 }] },
  });
}

export const stripe: SenderSamples = {
  events: {
    'charge.succeeded': stripeEvent('charge.succeeded', (at) => ({
      id: at.id('ch_', 24),
      object: 'charge',
      amount: 4900,
      currency: 'eur',
      paid: true,
      status: 'succeeded',
      customer: 'cus_R4nD0mExample',
      billing_details: { email: 'jana@example.com', name: 'Jana Dvořáková' },
      payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242' } },
      created: at.seconds,
    })),
    'invoice.paid': stripeEvent('invoice.paid', stripeInvoice(true)),
    'invoice.payment_failed': stripeEvent('invoice.payment_failed', stripeInvoice(false)),
    'checkout.session.completed': stripeEvent('checkout.session.completed', (at) => ({
      id: at.id('cs_test_', 40),
      object: 'checkout.session',
      amount_total: 12900,
      currency: 'eur',
      customer_details: { email: 'jana@example.com' },
      mode: 'payment',
      payment_status: 'paid',
      created: at.seconds,
    })),
    'customer.subscription.updated': stripeEvent('customer.subscription.updated', (at) => ({
      id: at.id('sub_', 24),
      object: 'subscription',
      customer: 'cus_R4nD0mExample',
      status: 'active',
      items: { data: [{ price: { id: 'price_team', unit_amount: 4900 }, quantity: 1 }] },
      created: at.seconds,
    })),
    'charge.refunded': stripeEvent('charge.refunded', (at) => ({
      id: at.id('ch_', 24),
      object: 'charge',
      amount: 4900,
      amount_refunded: 4900,
      currency: 'eur',
      refunded: true,
      created: at.seconds,
    })),
  },
};

function adyenNotification(eventCode: string, success = 'true') {
  return (at: Moment) => ({
    live: 'false',
    notificationItems: [
      {
        NotificationRequestItem: {
          additionalData: { cardSummary: '1111', expiryDate: '03/2030' },
          amount: { currency: 'EUR', value: 1130 },
          eventCode,
          eventDate: `${at.iso.slice(0, 19)}+00:00`,
          merchantAccountCode: 'ExampleShopEU',
          merchantReference: `order-${at.number(6)}`,
          paymentMethod: 'visa',
          pspReference: at.id('', 16).toUpperCase(),
          success,
        },
      },
    ],
  });
}

export const adyen: SenderSamples = {
  events: {
    AUTHORISATION: adyenNotification('AUTHORISATION'),
    CAPTURE: adyenNotification('CAPTURE'),
    REFUND: adyenNotification('REFUND'),
    CHARGEBACK: adyenNotification('CHARGEBACK'),
  },
};

function paddleEvent(event_type: string, data: (at: Moment) => object) {
  return (at: Moment) => ({
    event_id: at.id('evt_', 26).toLowerCase(),
    event_type,
    occurred_at: `${at.iso.slice(0, -1)}000Z`,
    notification_id: at.id('ntf_', 26).toLowerCase(),
    data: data(at),
  });
}

const paddleTransaction = (status: string) => (at: Moment) => ({
  id: at.id('txn_', 26).toLowerCase(),
  status,
  customer_id: 'ctm_01example',
  currency_code: 'EUR',
  details: { totals: { subtotal: '4900', tax: '1029', total: '5929' } },
});

const paddleSubscription = (status: string) => (at: Moment) => ({
  id: at.id('sub_', 26).toLowerCase(),
  status,
  customer_id: 'ctm_01example',
  currency_code: 'EUR',
  billing_cycle: { interval: 'month', frequency: 1 },
});

export const paddle: SenderSamples = {
  events: {
    'transaction.completed': paddleEvent('transaction.completed', paddleTransaction('completed')),
    'transaction.paid': paddleEvent('transaction.paid', paddleTransaction('paid')),
    'subscription.created': paddleEvent('subscription.created', paddleSubscription('active')),
    'subscription.canceled': paddleEvent('subscription.canceled', paddleSubscription('canceled')),
  },
};

function polarEvent(type: string, data: (at: Moment) => object) {
  return (at: Moment) => ({ type, timestamp: at.iso, data: data(at) });
}

const polarOrder = (status: string) => (at: Moment) => ({
  id: at.uuid(),
  status,
  net_amount: 4900,
  tax_amount: 1029,
  currency: 'eur',
  customer: { email: 'jana@example.com' },
  product: { name: 'Team plan' },
  created_at: at.iso,
});

export const polar: SenderSamples = {
  headers: (at) => ({ 'webhook-id': at.id('msg_', 27) }),
  events: {
    'order.paid': polarEvent('order.paid', polarOrder('paid')),
    'order.refunded': polarEvent('order.refunded', polarOrder('refunded')),
    'subscription.active': polarEvent('subscription.active', (at) => ({
      id: at.uuid(),
      status: 'active',
      amount: 4900,
      currency: 'eur',
      recurring_interval: 'month',
    })),
  },
};

function razorpayEvent(event: string, entity: string, status: string) {
  return (at: Moment) => ({
    entity: 'event',
    account_id: 'acc_Example0000001',
    event,
    contains: [entity],
    payload: {
      [entity]: {
        entity: {
          id: at.id(entity === 'payment' ? 'pay_' : 'rfnd_', 14),
          entity,
          amount: 50_000,
          currency: 'INR',
          status,
          method: 'upi',
          email: 'asha@example.com',
          created_at: at.seconds,
        },
      },
    },
    created_at: at.seconds,
  });
}

export const razorpay: SenderSamples = {
  headers: (at) => ({ 'x-razorpay-event-id': at.id('', 14) }),
  events: {
    'payment.captured': razorpayEvent('payment.captured', 'payment', 'captured'),
    'payment.failed': razorpayEvent('payment.failed', 'payment', 'failed'),
    'refund.processed': razorpayEvent('refund.processed', 'refund', 'processed'),
  },
};

function squareEvent(type: string, kind: string, object: (at: Moment) => object) {
  return (at: Moment) => ({
    merchant_id: 'ML8M1AQ1GQG2K',
    type,
    event_id: at.uuid(),
    created_at: at.iso,
    data: { type: kind, id: at.id('', 22), object: { [kind]: object(at) } },
  });
}

const squarePayment = (status: string) => (at: Moment) => ({
  id: at.id('', 22),
  amount_money: { amount: 1250, currency: 'USD' },
  location_id: 'LEXAMPLE1',
  source_type: 'CARD',
  status,
  created_at: at.iso,
});

export const square: SenderSamples = {
  events: {
    'payment.created': squareEvent('payment.created', 'payment', squarePayment('APPROVED')),
    'payment.updated': squareEvent('payment.updated', 'payment', squarePayment('COMPLETED')),
    'refund.created': squareEvent('refund.created', 'refund', (at) => ({
      id: at.id('', 22),
      amount_money: { amount: 1250, currency: 'USD' },
      status: 'PENDING',
      reason: 'Returned goods',
    })),
  },
};

function xeroEvents(eventCategory: string, eventType: string) {
  return (at: Moment) => ({
    events: [
      {
        resourceUrl: `https://api.xero.com/api.xro/2.0/${eventCategory === 'CONTACT' ? 'Contacts' : 'Invoices'}/${at.uuid()}`,
        resourceId: at.uuid(),
        tenantId: at.uuid(),
        tenantType: 'ORGANISATION',
        eventCategory,
        eventType,
        eventDateUtc: at.iso.slice(0, -1),
      },
    ],
    firstEventSequence: 1,
    lastEventSequence: 1,
    entropy: at.id('', 20),
  });
}

export const xero: SenderSamples = {
  events: {
    'INVOICE.CREATE': xeroEvents('INVOICE', 'CREATE'),
    'INVOICE.UPDATE': xeroEvents('INVOICE', 'UPDATE'),
    'CONTACT.UPDATE': xeroEvents('CONTACT', 'UPDATE'),
  },
};
