// What a project's own tests import as 'tributary-relay/testing': `signDelivery` signs a delivery as the stream's sender
// does, `tryDelivery` tells what would become of it, offline. In: the relay of the config. Out: the edge's decision and
// the rows. Begin with try-delivery.ts; trial.ts has the types.

export type { TestDraft } from './sign-delivery.ts';
export { signDelivery } from './sign-delivery.ts';
export type { Trial, TrialOptions, TriedEvent, TriedRequest } from './trial.ts';
export { tryDelivery } from './try-delivery.ts';
