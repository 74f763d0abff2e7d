import { formText, type Moment, type SenderSamples } from './sample.ts';

function slackEvent(event: (at: Moment) => object) {
  return (at: Moment) => ({
    type: 'event_callback',
    team_id: 'T0EXAMPLE',
    api_app_id: 'A0EXAMPLE',
    event: event(at),
    event_id: at.id('Ev', 9).toUpperCase(),
    event_time: at.seconds,
    authorizations: [{ team_id: 'T0EXAMPLE', user_id: 'U0EXAMPLE', is_bot: false }],
  });
}

/** Its own form of a time: seconds, with a counter behind the point. */
const slackTime = (at: Moment) => `${at.seconds}.000200`;

export const slack: SenderSamples = {
  events: {
    message: slackEvent((at) => ({
      type: 'message',
      channel: 'C0EXAMPLE',
      channel_type: 'channel',
      user: 'U0EXAMPLE',
      text: 'The new shop is live :tada:',
      ts: slackTime(at),
    })),
    app_mention: slackEvent((at) => ({
      type: 'app_mention',
      channel: 'C0EXAMPLE',
      user: 'U0EXAMPLE',
      text: '<@U0BOT> how many orders today?',
      ts: slackTime(at),
    })),
    reaction_added: slackEvent((at) => ({
      type: 'reaction_added',
      user: 'U0EXAMPLE',
      reaction: 'tada',
      item: { type: 'message', channel: 'C0EXAMPLE', ts: slackTime(at) },
      event_ts: slackTime(at),
    })),
    '/orders': (at) =>
      formText({
        team_id: 'T0EXAMPLE',
        channel_id: 'C0EXAMPLE',
        user_id: 'U0EXAMPLE',
        command: '/orders',
        text: 'today',
        trigger_id: `${at.number(12)}.${at.number(10)}`,
      }),
  },
};

function discordEvent(type: string, data: (at: Moment) => object) {
  return (at: Moment) => ({
    version: 1,
    application_id: '1234560123456789',
    type: 1,
    event: { type, timestamp: at.iso, data: data(at) },
  });
}

export const discord: SenderSamples = {
  events: {
    APPLICATION_AUTHORIZED: discordEvent('APPLICATION_AUTHORIZED', (at) => ({
      integration_type: 1,
      scopes: ['applications.commands'],
      user: { id: String(at.number(15)), username: 'jana.example' },
    })),
    ENTITLEMENT_CREATE: discordEvent('ENTITLEMENT_CREATE', (at) => ({
      id: String(at.number(15)),
      sku_id: '1234567890123456',
      user_id: '794490812345678901',
      type: 1,
      consumed: false,
    })),
  },
};

const call = (at: Moment, CallStatus: string) =>
  formText({
    AccountSid: 'AC00000000000000000000000000000000',
    CallSid: at.id('CA', 32).toLowerCase().replace('ca', 'CA'),
    CallStatus,
    CallDuration: 42,
    Direction: 'outbound-api',
    From: '+420600000001',
    To: '+420600000002',
    Timestamp: new Date(at.now).toUTCString().replace('GMT', '+0000'),
  });

const message = (at: Moment, MessageStatus: string) =>
  formText({
    AccountSid: 'AC00000000000000000000000000000000',
    MessageSid: at.id('SM', 32).toLowerCase().replace('sm', 'SM'),
    MessageStatus,
    SmsStatus: MessageStatus,
    From: '+420600000001',
    To: '+420600000002',
    ApiVersion: '2010-04-01',
  });

export const twilio: SenderSamples = {
  events: {
    delivered: (at) => message(at, 'delivered'),
    sent: (at) => message(at, 'sent'),
    failed: (at) => message(at, 'failed'),
    completed: (at) => call(at, 'completed'),
    'no-answer': (at) => call(at, 'no-answer'),
  },
};

function cloudEvent(type: string) {
  return (at: Moment) => [
    {
      specversion: '1.0',
      type,
      source: '/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages',
      id: at.id('EZ', 32),
      time: at.iso,
      datacontenttype: 'application/json',
      data: { messageSid: at.id('SM', 32), to: '+420600000002', from: '+420600000001' },
    },
  ];
}

export const twilioJson: SenderSamples = {
  events: {
    'com.twilio.messaging.message.delivered': cloudEvent('com.twilio.messaging.message.delivered'),
    'com.twilio.messaging.message.sent': cloudEvent('com.twilio.messaging.message.sent'),
    'com.twilio.messaging.message.failed': cloudEvent('com.twilio.messaging.message.failed'),
  },
};

function metaChange(object: string, field: string, value: (at: Moment) => object) {
  return (at: Moment) => ({
    object,
    entry: [{ id: '102290129340398', time: at.seconds, changes: [{ field, value: value(at) }] }],
  });
}

export const meta: SenderSamples = {
  events: {
    feed: metaChange('page', 'feed', (at) => ({
      item: 'comment',
      verb: 'add',
      comment_id: `102290129340398_${at.number(12)}`,
      message: 'Is it in stock?',
      created_time: at.seconds,
      from: { id: '8912345', name: 'Jana' },
    })),
    leadgen: metaChange('page', 'leadgen', (at) => ({
      leadgen_id: String(at.number(15)),
      form_id: '77001',
      page_id: '102290129340398',
      created_time: at.seconds,
    })),
    comments: metaChange('instagram', 'comments', (at) => ({
      id: String(at.number(15)),
      text: 'Lovely!',
      from: { id: '8912345', username: 'jana.example' },
      media: { id: '17900001', media_product_type: 'FEED' },
    })),
  },
};

function whatsappChange(value: (at: Moment) => object) {
  return (at: Moment) => ({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '102290129340398',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: {
                display_phone_number: '420600000001',
                phone_number_id: '106540352242922',
              },
              ...value(at),
            },
          },
        ],
      },
    ],
  });
}

export const whatsapp: SenderSamples = {
  events: {
    messages: whatsappChange((at) => ({
      contacts: [{ profile: { name: 'Jana' }, wa_id: '420600000002' }],
      messages: [
        {
          from: '420600000002',
          id: at.id('wamid.', 40),
          timestamp: String(at.seconds),
          type: 'text',
          text: { body: 'Is it in stock?' },
        },
      ],
    })),
    'messages:status': whatsappChange((at) => ({
      statuses: [
        {
          id: at.id('wamid.', 40),
          status: 'delivered',
          timestamp: String(at.seconds),
          recipient_id: '420600000002',
        },
      ],
    })),
  },
};

function zoomEvent(event: string, object: (at: Moment) => object) {
  return (at: Moment) => ({
    event,
    event_ts: at.now,
    payload: { account_id: 'AAAAAABBBB', object: object(at) },
  });
}

const zoomMeeting = (at: Moment) => ({
  id: String(at.number(11)),
  uuid: `${at.id('', 22)}==`,
  topic: 'Weekly',
  host_id: 'x1yCzABCDEfg23HiJKl4mN',
  type: 8,
  start_time: `${at.iso.slice(0, 19)}Z`,
  timezone: 'Europe/Prague',
});

export const zoom: SenderSamples = {
  events: {
    'meeting.started': zoomEvent('meeting.started', zoomMeeting),
    'meeting.ended': zoomEvent('meeting.ended', zoomMeeting),
    'meeting.participant_joined': zoomEvent('meeting.participant_joined', (at) => ({
      ...zoomMeeting(at),
      participant: { user_id: '16778240', user_name: 'Jana', join_time: `${at.iso.slice(0, 19)}Z` },
    })),
  },
};

const pusherEvent = (name: string) => (at: Moment) => ({
  time_ms: at.now,
  events: [{ name, channel: `presence-${at.id('', 8)}` }],
});

export const pusher: SenderSamples = {
  headers: () => ({ 'x-pusher-key': '278d425bdf160c739803' }),
  events: {
    channel_occupied: pusherEvent('channel_occupied'),
    channel_vacated: pusherEvent('channel_vacated'),
    member_added: (at) => ({
      time_ms: at.now,
      events: [{ name: 'member_added', channel: 'presence-shop', user_id: 'u1' }],
    }),
  },
};
