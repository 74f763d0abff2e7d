import type { Moment, SenderSamples } from './sample.ts';

function asanaEvents(action: string, resource_type: string) {
  return (at: Moment) => ({
    events: [
      {
        action,
        created_at: at.iso,
        user: { gid: '12001', resource_type: 'user' },
        resource: { gid: String(at.number(15)), resource_type },
        parent: { gid: '13001', resource_type: 'project' },
      },
    ],
  });
}

export const asana: SenderSamples = {
  events: {
    'task.added': asanaEvents('added', 'task'),
    'task.changed': asanaEvents('changed', 'task'),
    'story.added': asanaEvents('added', 'story'),
  },
};

function boxEvent(trigger: string) {
  return (at: Moment) => ({
    type: 'webhook_event',
    id: at.uuid(),
    created_at: at.iso,
    trigger,
    webhook: { id: '53', type: 'webhook' },
    created_by: { id: '226067247', type: 'user', login: 'jana@example.com' },
    source: {
      id: String(at.number(11)),
      type: 'file',
      name: 'contract.pdf',
      size: 18_432,
      parent: { id: '0', name: 'All Files' },
    },
  });
}

export const box: SenderSamples = {
  headers: (at) => ({ 'box-delivery-id': at.uuid() }),
  events: {
    'FILE.UPLOADED': boxEvent('FILE.UPLOADED'),
    'FILE.DOWNLOADED': boxEvent('FILE.DOWNLOADED'),
    'FILE.TRASHED': boxEvent('FILE.TRASHED'),
  },
};

function calendlyEvent(event: string, status: string) {
  return (at: Moment) => ({
    event,
    created_at: `${at.iso.slice(0, -1)}000Z`,
    created_by: 'https://api.calendly.com/users/AAAAAAAAAAAAAAAA',
    payload: {
      uri: `https://api.calendly.com/scheduled_events/${at.uuid()}/invitees/${at.uuid()}`,
      email: 'jana@example.com',
      name: 'Jana Dvořáková',
      status,
      timezone: 'Europe/Prague',
    },
  });
}

export const calendly: SenderSamples = {
  events: {
    'invitee.created': calendlyEvent('invitee.created', 'active'),
    'invitee.canceled': calendlyEvent('invitee.canceled', 'canceled'),
  },
};

function docusignEvent(event: string) {
  return (at: Moment) => ({
    event,
    apiVersion: 'v2.1',
    uri: `/restapi/v2.1/accounts/00000000/envelopes/${at.uuid()}`,
    retryCount: 0,
    configurationId: 10_418_598,
    generatedDateTime: at.iso,
    data: { accountId: at.uuid(), envelopeId: at.uuid() },
  });
}

export const docusign: SenderSamples = {
  events: {
    'envelope-sent': docusignEvent('envelope-sent'),
    'envelope-completed': docusignEvent('envelope-completed'),
    'recipient-completed': docusignEvent('recipient-completed'),
  },
};

/** Says only that something changed. */
export const dropbox: SenderSamples = {
  events: {
    list_folder: (at) => ({
      list_folder: { accounts: [at.id('dbid:', 34)] },
      delta: { users: [at.number(8)] },
    }),
  },
};

function intercomEvent(topic: string, item: (at: Moment) => object) {
  return (at: Moment) => ({
    type: 'notification_event',
    id: at.id('notif_', 36).toLowerCase(),
    app_id: 'a86dr8yl',
    topic,
    created_at: at.seconds,
    delivery_attempts: 1,
    data: { type: 'notification_event_data', item: item(at) },
  });
}

const conversation = (at: Moment) => ({
  type: 'conversation',
  id: String(at.number(12)),
  created_at: at.seconds,
  state: 'open',
});

export const intercom: SenderSamples = {
  events: {
    'conversation.user.created': intercomEvent('conversation.user.created', conversation),
    'conversation.admin.closed': intercomEvent('conversation.admin.closed', conversation),
    'user.created': intercomEvent('user.created', (at) => ({
      type: 'contact',
      id: at.id('', 24).toLowerCase(),
      email: 'jana@example.com',
      name: 'Jana Dvořáková',
    })),
  },
};

export const typeform: SenderSamples = {
  events: {
    form_response: (at) => ({
      event_id: at.id('', 26).toUpperCase(),
      event_type: 'form_response',
      form_response: {
        form_id: 'lT4Z3j',
        token: at.id('', 32).toLowerCase(),
        landed_at: at.iso,
        submitted_at: at.iso,
        answers: [
          {
            type: 'email',
            email: 'jana@example.com',
            field: { id: 'SMEUb7VJz92Q', type: 'email' },
          },
          { type: 'number', number: 9, field: { id: 'RUqkXSeXBXSd', type: 'opinion_scale' } },
        ],
      },
    }),
  },
};

function zendeskEvent(type: string, event: object) {
  return (at: Moment) => ({
    type,
    account_id: 12_514_403,
    id: at.uuid(),
    time: at.iso,
    zendesk_event_version: '2022-11-06',
    subject: 'zen:ticket:5158',
    detail: { id: '5158', subject: 'Where is my order?', status: 'OPEN', priority: 'HIGH' },
    event,
  });
}

export const zendesk: SenderSamples = {
  headers: (at) => ({ 'x-zendesk-webhook-invocation-id': at.id('', 26).toUpperCase() }),
  events: {
    'zen:event-type:ticket.created': zendeskEvent('zen:event-type:ticket.created', {}),
    'zen:event-type:ticket.status_changed': zendeskEvent('zen:event-type:ticket.status_changed', {
      current: 'OPEN',
      previous: 'NEW',
    }),
    'zen:event-type:ticket.comment_added': zendeskEvent('zen:event-type:ticket.comment_added', {
      comment: { body: 'It was to arrive on Monday.', is_public: true },
    }),
  },
};
