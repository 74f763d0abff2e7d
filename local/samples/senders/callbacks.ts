import { formText, type Moment, type SenderSamples } from './sample.ts';

// Messages, calls, documents and sign-in, of senders that are in no other file.

function convoyEvent(type: string) {
  return (at: Moment) => ({ event_type: type, created_at: at.iso, data: { id: at.id('obj_') } });
}

export const convoy: SenderSamples = {
  headers: (at) => ({ 'x-convoy-idempotency-key': at.uuid() }),
  events: {
    'invoice.paid': convoyEvent('invoice.paid'),
    'invoice.failed': convoyEvent('invoice.failed'),
  },
};

function lineEvent(type: string, more: object) {
  return (at: Moment) => ({
    destination: 'U0123456789abcdef0123456789abcdef',
    events: [
      {
        type,
        webhookEventId: at.id('01', 24),
        timestamp: at.now,
        mode: 'active',
        source: { type: 'user', userId: 'U4af4980629' },
        deliveryContext: { isRedelivery: false },
        ...more,
      },
    ],
  });
}

export const line: SenderSamples = {
  events: {
    message: lineEvent('message', { message: { id: '325708', type: 'text', text: 'Hello' } }),
    follow: lineEvent('follow', { follow: { isUnblocked: false } }),
  },
};

function conversationEvent(type: string, status: string) {
  return (at: Moment) => ({
    type,
    contact: { id: at.id(), displayName: 'Jana' },
    conversation: { id: at.id(), status: 'active' },
    message: { id: at.id(), status, createdDatetime: at.iso, updatedDatetime: at.iso },
  });
}

export const messagebird: SenderSamples = {
  events: {
    'message.created': conversationEvent('message.created', 'received'),
    'message.updated': conversationEvent('message.updated', 'delivered'),
  },
};

export const plivo: SenderSamples = {
  events: {
    Hangup: (at) =>
      formText({
        CallUUID: at.uuid(),
        Event: 'Hangup',
        CallStatus: 'completed',
        From: '15551234567',
        Duration: 42,
      }),
    delivered: (at) =>
      formText({
        MessageUUID: at.uuid(),
        Status: 'delivered',
        From: '15551234567',
        To: '15557654321',
      }),
  },
};

function sanityDocument(type: string) {
  return (at: Moment) => ({ _id: at.uuid(), _type: type, _rev: at.id(), _updatedAt: at.iso });
}

export const sanity: SenderSamples = {
  headers: (at) => ({ 'idempotency-key': at.uuid(), 'sanity-operation': 'update' }),
  events: { post: sanityDocument('post'), author: sanityDocument('author') },
};

function workosEvent(event: string, data: (at: Moment) => object) {
  return (at: Moment) => ({
    object: 'event',
    id: at.id('event_', 26),
    event,
    data: data(at),
    created_at: at.iso,
  });
}

const user = (at: Moment) => ({
  id: at.id('user_', 26),
  email: 'jana@example.com',
  state: 'active',
});

export const workos: SenderSamples = {
  events: {
    'dsync.user.created': workosEvent('dsync.user.created', user),
    'user.updated': workosEvent('user.updated', user),
  },
};
