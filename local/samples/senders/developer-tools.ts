import type { Moment, SenderSamples } from './sample.ts';

const repository = {
  id: 35_129_377,
  name: 'shop',
  full_name: 'example/shop',
  private: true,
  default_branch: 'main',
};
const sender = { id: 6_752_317, login: 'jana-example', type: 'User' };

export const github: SenderSamples = {
  headers: (at, event) => ({
    'x-github-event': event,
    'x-github-delivery': at.uuid(),
    'x-github-hook-id': '292430182',
    'user-agent': 'GitHub-Hookshot/044aadd',
  }),
  events: {
    push: (at) => ({
      ref: 'refs/heads/main',
      before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      after: '59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5',
      repository,
      pusher: { name: 'jana-example', email: 'jana@example.com' },
      head_commit: { id: '59b20b8d5c6f', message: 'Fix the total', timestamp: at.iso },
      commits: [{ id: '59b20b8d5c6f', message: 'Fix the total', timestamp: at.iso }],
    }),
    pull_request: (at) => ({
      action: 'opened',
      number: 7,
      pull_request: {
        number: 7,
        state: 'open',
        title: 'Add a cart',
        draft: false,
        updated_at: at.iso,
      },
      repository,
      sender,
    }),
    issues: (at) => ({
      action: 'opened',
      issue: { number: 8, title: 'The cart is empty', state: 'open', updated_at: at.iso },
      repository,
      sender,
    }),
    release: (at) => ({
      action: 'published',
      release: { tag_name: 'v1.4.0', name: '1.4', prerelease: false, published_at: at.iso },
      repository,
      sender,
    }),
    workflow_run: (at) => ({
      action: 'completed',
      workflow_run: {
        id: at.number(10),
        name: 'CI',
        status: 'completed',
        conclusion: 'success',
        updated_at: at.iso,
      },
      repository,
      sender,
    }),
  },
};

function linearChange(type: string, action: string, data: (at: Moment) => object) {
  return (at: Moment) => ({
    action,
    type,
    createdAt: at.iso,
    organizationId: '6f1c4b8e-2a0d-4a57-9c53-0d9f3a5e7b21',
    url: 'https://linear.app/example/issue/SHOP-7',
    data: data(at),
    webhookTimestamp: at.now,
    webhookId: at.uuid(),
  });
}

const linearIssue = (at: Moment) => ({
  id: at.uuid(),
  identifier: 'SHOP-7',
  title: 'The cart is empty',
  priority: 2,
  state: { name: 'In Progress' },
});

export const linear: SenderSamples = {
  headers: (at, event) => ({
    'linear-delivery': at.uuid(),
    'linear-event': event.split('.')[0] ?? '',
  }),
  events: {
    'Issue.create': linearChange('Issue', 'create', linearIssue),
    'Issue.update': linearChange('Issue', 'update', linearIssue),
    'Comment.create': linearChange('Comment', 'create', (at) => ({
      id: at.uuid(),
      body: 'Looks good.',
      issueId: at.uuid(),
    })),
  },
};

function launchdarklyEntry(kind: string, name: string, titleVerb: string) {
  return (at: Moment) => ({
    _id: at.id('', 24).toLowerCase(),
    _accountId: '561c579cd8fd5c2704000001',
    date: at.now,
    kind,
    name,
    titleVerb,
    member: { email: 'jana@example.com', role: 'writer' },
    accesses: [{ action: 'updateOn', resource: 'proj/shop:env/production:flag/new-checkout' }],
  });
}

export const launchdarkly: SenderSamples = {
  events: {
    flag: launchdarklyEntry('flag', 'New checkout', 'turned on the flag'),
    environment: launchdarklyEntry('environment', 'Production', 'updated the environment'),
    project: launchdarklyEntry('project', 'Shop', 'created the project'),
  },
};

function pagerdutyEvent(event_type: string, status: string) {
  return (at: Moment) => ({
    event: {
      id: at.id('', 26).toUpperCase(),
      event_type,
      resource_type: 'incident',
      occurred_at: at.iso,
      agent: { type: 'user_reference', id: 'PEXAMPLE' },
      data: {
        id: at.id('Q', 13).toUpperCase(),
        type: 'incident',
        number: 17,
        status,
        title: 'Checkout is slow',
        urgency: 'high',
        service: { id: 'PSHOP01', summary: 'Shop' },
      },
    },
  });
}

export const pagerduty: SenderSamples = {
  headers: () => ({ 'x-webhook-subscription': 'PY1OL64' }),
  events: {
    'incident.triggered': pagerdutyEvent('incident.triggered', 'triggered'),
    'incident.acknowledged': pagerdutyEvent('incident.acknowledged', 'acknowledged'),
    'incident.resolved': pagerdutyEvent('incident.resolved', 'resolved'),
  },
};

export const sentry: SenderSamples = {
  headers: (at, event) => ({
    'sentry-hook-resource': event,
    'request-id': at.uuid(),
    'sentry-hook-timestamp': String(at.seconds),
  }),
  events: {
    issue: (at) => ({
      action: 'created',
      installation: { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' },
      data: {
        issue: {
          id: String(at.number(10)),
          title: 'TypeError: total is undefined',
          level: 'error',
        },
      },
      actor: { type: 'application', name: 'Sentry' },
    }),
    event_alert: (at) => ({
      action: 'triggered',
      installation: { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' },
      data: {
        event: { event_id: at.id('', 32).toLowerCase(), title: 'TypeError', timestamp: at.seconds },
        triggered_rule: 'Many errors',
      },
    }),
    comment: (at) => ({
      action: 'created',
      installation: { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' },
      data: { comment: 'Fixed in 1.4.1', issue_id: at.number(10), timestamp: at.iso },
    }),
  },
};

export const supabase: SenderSamples = {
  headers: (at) => ({ 'webhook-id': at.uuid() }),
  events: {
    'send-sms': (at) => ({
      metadata: { uuid: at.uuid(), time: at.iso, name: 'send-sms', ip_address: '203.0.113.7' },
      user: { id: at.uuid(), phone: '+420600000000', aud: 'authenticated' },
      sms: { otp: '561166' },
    }),
    'send-email': (at) => ({
      metadata: { uuid: at.uuid(), time: at.iso, name: 'send-email', ip_address: '203.0.113.7' },
      user: { id: at.uuid(), email: 'jana@example.com', aud: 'authenticated' },
      email_data: { email_action_type: 'signup', redirect_to: 'https://shop.example.com/' },
    }),
    'before-user-created': (at) => ({
      metadata: {
        uuid: at.uuid(),
        time: at.iso,
        name: 'before-user-created',
        ip_address: '203.0.113.7',
      },
      user: { id: at.uuid(), email: 'jana@example.com', app_metadata: { provider: 'email' } },
    }),
  },
};

function clerkEvent(type: string, data: (at: Moment) => object) {
  return (at: Moment) => ({
    object: 'event',
    type,
    timestamp: at.now,
    instance_id: 'ins_2eXaMpLe0000000000000000000',
    data: data(at),
  });
}

const clerkUser = (at: Moment) => ({
  id: at.id('user_', 27),
  object: 'user',
  first_name: 'Jana',
  last_name: 'Dvořáková',
  email_addresses: [{ id: at.id('idn_', 27), email_address: 'jana@example.com' }],
  created_at: at.now,
});

export const clerk: SenderSamples = {
  headers: (at) => ({ 'svix-id': at.id('msg_', 27) }),
  events: {
    'user.created': clerkEvent('user.created', clerkUser),
    'user.updated': clerkEvent('user.updated', clerkUser),
    'session.created': clerkEvent('session.created', (at) => ({
      id: at.id('sess_', 27),
      object: 'session',
      status: 'active',
      user_id: at.id('user_', 27),
    })),
  },
};

function openaiEvent(type: string, prefix: string) {
  return (at: Moment) => ({
    id: at.id('evt_', 32),
    object: 'event',
    created_at: at.seconds,
    type,
    data: { id: at.id(prefix, 32) },
  });
}

export const openai: SenderSamples = {
  headers: (at) => ({ 'webhook-id': at.id('wh_', 32) }),
  events: {
    'response.completed': openaiEvent('response.completed', 'resp_'),
    'batch.completed': openaiEvent('batch.completed', 'batch_'),
    'fine_tuning.job.succeeded': openaiEvent('fine_tuning.job.succeeded', 'ftjob-'),
  },
};
