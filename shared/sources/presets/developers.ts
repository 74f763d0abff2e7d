// What developers build with: code, errors, sign-in, analytics, webhooks as a service. In alphabetical order.

import type { Stream } from '../../config/config.ts';
import type { ValuePlace } from '../../config/event-shape.ts';
import {
  largest,
  only200,
  received,
  sender,
  svixId,
  type TokenPresetOptions,
  waits,
  webhookId,
} from './sender.ts';

/** Signs as Svix does. */
export const clerk = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.timestamp | $.created_at',
});

/** Whoever sends through Convoy defines the body, and so the event's name. */
export const convoy = sender({
  scheme: 'convoy',
  event: '$.event_type | $.type | $.event',
  id: 'header:x-convoy-idempotency-key',
  time: '$.created_at | $.timestamp',
});

/** GitHub's deliveries have no time of their own, but what they are about has one. The most frequent come first. */
const githubTime: ValuePlace = `$.workflow_run.updated_at | $.comment.updated_at | $.pull_request.updated_at | $.issue.updated_at | $.head_commit.timestamp | $.release.published_at | ${received}`;

/**
 * As JSON, or as a form whose `payload` is the JSON; up to 25 MB:
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
 */
export const github = sender({
  ...largest,
  scheme: 'github',
  body: ['json', 'form-payload'],
  event: 'header:x-github-event',
  id: 'header:x-github-delivery',
  time: githubTime,
});

export const launchdarkly = sender({
  scheme: 'launchdarkly',
  event: '$.kind',
  id: '$._id',
  time: { from: '$.date', unit: 'ms' },
});

export const linear = sender({
  ...only200,
  scheme: 'linear',
  event: ['$.type', '$.action'],
  id: 'header:linear-delivery',
  time: '$.createdAt',
});

/** Signs nothing: its user chooses how it shows a key. */
export const mixpanel: (options: TokenPresetOptions) => Stream = sender({
  scheme: 'endpoint-key',
  event: '$.action',
  time: received,
});

export const openai = sender({
  scheme: 'openai',
  event: '$.type',
  id: webhookId,
  time: { from: '$.created_at', unit: 's' },
});

export const pagerduty = sender({
  scheme: 'pagerduty',
  event: '$.event.event_type',
  id: '$.event.id',
  time: '$.event.occurred_at',
});

/**
 * What the body holds is defined by the projection of the webhook: by default the document. What was done with it stands
 * in a header, which is not signed.
 */
export const sanity = sender({
  scheme: 'sanity',
  event: '$._type',
  id: 'header:idempotency-key',
  time: '$._updatedAt',
  moreColumns: { operation: { type: 'STRING', from: 'header:sanity-operation' } },
});

export const segment = sender({
  scheme: 'segment',
  event: '$.type',
  id: '$.messageId',
  time: '$.timestamp',
});

export const sentry = sender({
  ...waits.oneSecond,
  scheme: 'sentry',
  event: 'header:sentry-hook-resource',
  id: 'header:request-id',
  time: `header:sentry-hook-timestamp | ${received}`,
});

export const standardWebhooks = sender({
  scheme: 'standard-webhooks',
  event: '$.type',
  id: webhookId,
  time: '$.timestamp',
});

/** Auth hooks, signed as Standard Webhooks has it. https://supabase.com/docs/guides/auth/auth-hooks */
export const supabase = sender({
  scheme: 'standard-webhooks',
  event: '$.metadata.name',
  id: webhookId,
  time: '$.metadata.time',
});

export const svix = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.created_at',
});

export const workos = sender({
  scheme: 'workos',
  event: '$.event',
  id: '$.id',
  time: '$.created_at',
});
