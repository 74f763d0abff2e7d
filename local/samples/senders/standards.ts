import type { Moment, SenderSamples } from './sample.ts';

// Events of an application that sends by itself, in the form of a standard.

const user = (at: Moment) => ({
  id: at.id('usr_'),
  email: 'jana@example.com',
  name: 'Jana Dvořáková',
});
const invoice = (at: Moment) => ({
  id: at.id('inv_'),
  amount: 4900,
  currency: 'EUR',
  status: 'paid',
});

const dataByType = {
  'user.created': user,
  'user.deleted': user,
  'invoice.paid': invoice,
} as const;

function events(timeMember: 'created_at' | 'timestamp'): SenderSamples['events'] {
  const made = Object.entries(dataByType).map(([type, data]) => [
    type,
    (at: Moment) => ({ type, [timeMember]: at.iso, data: data(at) }),
  ]);
  return Object.fromEntries(made);
}

export const standardWebhooks: SenderSamples = {
  headers: (at) => ({ 'webhook-id': at.id('msg_', 27) }),
  events: events('timestamp'),
};

export const svix: SenderSamples = {
  headers: (at) => ({ 'svix-id': at.id('msg_', 27) }),
  events: events('created_at'),
};
