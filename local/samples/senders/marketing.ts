import { formText, type Moment, type SenderSamples } from './sample.ts';

function customerIoEvent(metric: string) {
  return (at: Moment) => ({
    metric,
    event_id: at.id('', 26).toUpperCase(),
    object_type: 'email',
    timestamp: at.seconds,
    data: {
      customer_id: 'u-1001',
      recipient: 'jana@example.com',
      subject: 'Your order is on its way',
      campaign_id: 23,
      delivery_id: at.id('', 24),
    },
  });
}

export const customerIo: SenderSamples = {
  events: {
    sent: customerIoEvent('sent'),
    delivered: customerIoEvent('delivered'),
    opened: customerIoEvent('opened'),
    clicked: customerIoEvent('clicked'),
    bounced: customerIoEvent('bounced'),
  },
};

function hubspotEvent(subscriptionType: string, more: object = {}) {
  return (at: Moment) => [
    {
      eventId: at.number(10),
      subscriptionId: 3_584_123,
      portalId: 4_471_234,
      appId: 1_160_452,
      occurredAt: at.now,
      subscriptionType,
      attemptNumber: 0,
      objectId: at.number(9),
      changeSource: 'CRM_UI',
      ...more,
    },
  ];
}

export const hubspot: SenderSamples = {
  events: {
    'contact.creation': hubspotEvent('contact.creation', { changeFlag: 'CREATED' }),
    'contact.propertyChange': hubspotEvent('contact.propertyChange', {
      propertyName: 'lifecyclestage',
      propertyValue: 'customer',
    }),
    'deal.creation': hubspotEvent('deal.creation', { changeFlag: 'CREATED' }),
    'deal.deletion': hubspotEvent('deal.deletion', { changeFlag: 'DELETED' }),
  },
};

function klaviyoEvent(topic: string) {
  return (at: Moment) => ({
    data: [
      {
        external_id: at.id('', 26).toUpperCase(),
        topic,
        payload: {
          data: {
            type: 'event',
            id: at.id('', 11),
            attributes: {
              timestamp: at.seconds,
              datetime: at.iso,
              uuid: at.uuid(),
              event_properties: {
                Subject: 'Your order is on its way',
                'Campaign Name': 'Shipping',
              },
            },
          },
        },
      },
    ],
    meta: {
      klaviyo_account_id: 'ExAmPl',
      klaviyo_webhook_id: '01HEXAMPLE0000000000000000',
      timestamp: at.iso,
    },
  });
}

export const klaviyo: SenderSamples = {
  events: {
    'event:klaviyo.email_delivered': klaviyoEvent('event:klaviyo.email_delivered'),
    'event:klaviyo.opened_email': klaviyoEvent('event:klaviyo.opened_email'),
    'event:klaviyo.sent_sms': klaviyoEvent('event:klaviyo.sent_sms'),
  },
};

function mailgunEvent(event: string, more: object = {}) {
  return (at: Moment) => ({
    // The signer sets its time and signature.
    signature: { token: at.id('', 50).toLowerCase(), timestamp: '', signature: '' },
    'event-data': {
      event,
      id: at.id('', 22),
      timestamp: at.now / 1000,
      recipient: 'jana@example.com',
      message: { headers: { subject: 'Your order', 'message-id': `${at.uuid()}@mg.example.com` } },
      ...more,
    },
  });
}

export const mailgun: SenderSamples = {
  events: {
    delivered: mailgunEvent('delivered', { 'delivery-status': { code: 250, 'attempt-no': 1 } }),
    opened: mailgunEvent('opened', { geolocation: { country: 'CZ', city: 'Praha' } }),
    clicked: mailgunEvent('clicked', { url: 'https://shop.example.com/orders' }),
    failed: mailgunEvent('failed', { severity: 'permanent', reason: 'bounce' }),
  },
};

/** Members of a cohort, as Mixpanel synchronises them. */
export const mixpanel: SenderSamples = {
  events: {
    members: (at) => ({
      action: 'members',
      parameters: {
        mixpanel_project_id: '2195193',
        mixpanel_cohort_name: 'Buyers',
        mixpanel_cohort_id: '1478097',
        mixpanel_session_id: at.uuid(),
        members: [{ email: 'jana@example.com', mixpanel_distinct_id: 'u-1001' }],
      },
    }),
    add_members: (at) => ({
      action: 'add_members',
      parameters: {
        mixpanel_project_id: '2195193',
        mixpanel_cohort_id: '1478097',
        mixpanel_session_id: at.uuid(),
        members: [{ email: 'asha@example.com', mixpanel_distinct_id: 'u-1002' }],
      },
    }),
    remove_members: (at) => ({
      action: 'remove_members',
      parameters: {
        mixpanel_project_id: '2195193',
        mixpanel_cohort_id: '1478097',
        mixpanel_session_id: at.uuid(),
        members: [{ email: 'asha@example.com', mixpanel_distinct_id: 'u-1002' }],
      },
    }),
  },
};

function resendEvent(type: string, more: object = {}) {
  return (at: Moment) => ({
    type,
    created_at: at.iso,
    data: {
      email_id: at.uuid(),
      from: 'Shop <orders@example.com>',
      to: ['jana@example.com'],
      subject: 'Your order',
      created_at: at.iso,
      ...more,
    },
  });
}

export const resend: SenderSamples = {
  headers: (at) => ({ 'svix-id': at.id('msg_', 27) }),
  events: {
    'email.delivered': resendEvent('email.delivered'),
    'email.opened': resendEvent('email.opened'),
    'email.bounced': resendEvent('email.bounced', { bounce: { type: 'Permanent' } }),
  },
};

function segmentCall(type: string, more: object) {
  return (at: Moment) => ({
    type,
    messageId: at.id('ajs-next-', 32),
    timestamp: at.iso,
    sentAt: at.iso,
    receivedAt: at.iso,
    userId: 'u-1001',
    anonymousId: at.uuid(),
    context: { ip: '203.0.113.7', library: { name: 'analytics.js' } },
    ...more,
  });
}

export const segment: SenderSamples = {
  events: {
    track: segmentCall('track', {
      event: 'Order Completed',
      properties: { order_id: 'N1001', total: 39.8, currency: 'EUR' },
    }),
    identify: segmentCall('identify', { traits: { email: 'jana@example.com', plan: 'team' } }),
    page: segmentCall('page', { name: 'Kettles', properties: { path: '/kettles' } }),
  },
};

function sendgridEvent(event: string, more: object = {}) {
  return (at: Moment) => [
    {
      email: 'jana@example.com',
      timestamp: at.seconds,
      'smtp-id': `<${at.id('', 22)}@example.com>`,
      event,
      category: ['orders'],
      sg_event_id: at.id('', 22),
      sg_message_id: `${at.id('', 22)}.filter0001.16648.5515E0B88.0`,
      ...more,
    },
  ];
}

export const sendgrid: SenderSamples = {
  events: {
    delivered: sendgridEvent('delivered', { response: '250 OK' }),
    open: sendgridEvent('open', { useragent: 'Mozilla/5.0', ip: '203.0.113.7' }),
    click: sendgridEvent('click', { url: 'https://shop.example.com/orders' }),
    bounce: sendgridEvent('bounce', { reason: '550 No such user', status: '5.1.1' }),
  },
};

/** A mail: it has no name. */
export const sendgridInbound: SenderSamples = {
  events: {
    mail: (at) =>
      formText({
        headers: `Message-ID: <${at.uuid()}@example.com>\n`,
        from: 'Jana <jana@example.com>',
        to: 'support@inbound.example.com',
        subject: 'Where is my order?',
        text: 'It was to arrive on Monday.',
        envelope: '{"to":["support@inbound.example.com"],"from":"jana@example.com"}',
        attachments: 0,
      }),
  },
};
