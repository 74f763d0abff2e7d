import { formText, type Moment, type SenderSamples } from './sample.ts';

const convoyEvent = (event_type: string) => (at: Moment) => ({
  event_type,
  created_at: at.iso,
  data: { id: at.id('inv_'), amount: 4900, currency: 'EUR' },
});

export const convoy: SenderSamples = {
  headers: (at) => ({ 'x-convoy-idempotency-key': at.uuid() }),
  events: {
    'invoice.paid': convoyEvent('invoice.paid'),
    'invoice.created': convoyEvent('invoice.created'),
  },
};

const sanityDocument = (_type: string) => (at: Moment) => ({
  _id: at.uuid(),
  _type,
  _rev: at.id('', 22),
  _updatedAt: at.iso,
  title: 'Kettle',
});

export const sanity: SenderSamples = {
  headers: (at) => ({
    'idempotency-key': at.id(),
    'sanity-operation': 'update',
    'sanity-dataset': 'production',
  }),
  events: { post: sanityDocument('post'), product: sanityDocument('product') },
};

const workosEvent = (event: string, data: (at: Moment) => object) => (at: Moment) => ({
  id: at.id('event_', 26).toUpperCase().replace('EVENT_', 'event_'),
  event,
  created_at: at.iso,
  data: data(at),
});

const directoryUser = (at: Moment) => ({
  id: at.id('directory_user_', 26),
  state: 'active',
  emails: [{ primary: true, value: 'jana@example.com' }],
});

export const workos: SenderSamples = {
  events: {
    'dsync.user.created': workosEvent('dsync.user.created', directoryUser),
    'dsync.user.deleted': workosEvent('dsync.user.deleted', directoryUser),
    'user.created': workosEvent('user.created', (at) => ({
      id: at.id('user_', 26),
      email: 'jana@example.com',
      email_verified: true,
    })),
  },
};

const lineEvent = (type: string, more: (at: Moment) => object) => (at: Moment) => ({
  destination: 'U00000000000000000000000000000000',
  events: [
    {
      type,
      webhookEventId: at.id('01', 24).toUpperCase(),
      timestamp: at.now,
      mode: 'active',
      source: { type: 'user', userId: 'U11111111111111111111111111111111' },
      deliveryContext: { isRedelivery: false },
      ...more(at),
    },
  ],
});

export const line: SenderSamples = {
  events: {
    message: lineEvent('message', (at) => ({
      message: { id: String(at.number(15)), type: 'text', text: 'Is it in stock?' },
      replyToken: at.id('', 32).toLowerCase(),
    })),
    follow: lineEvent('follow', () => ({})),
    unfollow: lineEvent('unfollow', () => ({})),
  },
};

const messagebirdEvent = (type: string, status: string) => (at: Moment) => ({
  type,
  message: {
    id: at.id('', 32).toLowerCase(),
    status,
    direction: 'sent',
    to: '+420600000002',
    createdDatetime: at.iso,
    updatedDatetime: at.iso,
  },
});

export const messagebird: SenderSamples = {
  events: {
    'message.updated': messagebirdEvent('message.updated', 'delivered'),
    'message.created': messagebirdEvent('message.created', 'received'),
  },
};

const plivoCall = (Event: string, CallStatus: string) => (at: Moment) =>
  formText({
    CallUUID: at.uuid(),
    Event,
    CallStatus,
    Direction: 'outbound',
    From: '420600000001',
    To: '420600000002',
  });

export const plivo: SenderSamples = {
  events: {
    Hangup: plivoCall('Hangup', 'completed'),
    StartApp: plivoCall('StartApp', 'in-progress'),
  },
};
