import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectPubsub } from '../../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { prepareSubscription } from '../../../subscriber/pull/subscription.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: { shop: datanostro({ table: 'dn.events' }) },
});

describe('prepareSubscription', () => {
  let directory: string;
  let server: PubsubServer;
  let pubsub: PubSub;
  let warnings: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tributary-subscription-'));
    server = await startPubsub({ port: 0, directory });
    pubsub = connectPubsub(relay.project, server.port);
    warnings = [];
  });

  afterEach(async () => {
    await pubsub.close();
    await server.stop();
    await rm(directory, { recursive: true });
  });

  const open = () => prepareSubscription(pubsub, relay, ({ message }) => warnings.push(message));
  const policyOf = async () => {
    const [metadata] = await pubsub.subscription(relay.subscription).getMetadata();
    return metadata.retryPolicy;
  };

  it('creates topic and subscription, which never expires and has a retry policy', async () => {
    await open();
    const [metadata] = await pubsub.subscription(relay.subscription).getMetadata();
    expect(metadata.expirationPolicy).toMatchObject({ ttl: null });
    expect(metadata.retryPolicy).toMatchObject({
      minimumBackoff: { seconds: '1' },
      maximumBackoff: { seconds: '600' },
    });
    await open();
    expect(warnings).toEqual([]);
  });

  it('adds a retry policy to a subscription without one, and leaves an existing one alone', async () => {
    const [topic] = await pubsub.createTopic(relay.topic);
    const [subscription] = await topic.createSubscription(relay.subscription, {
      expirationPolicy: {},
    });
    await open();
    expect(await policyOf()).toMatchObject({ minimumBackoff: { seconds: '1' } });
    await subscription.setMetadata({ retryPolicy: { minimumBackoff: { seconds: 7 } } });
    await open();
    expect(await policyOf()).toMatchObject({ minimumBackoff: { seconds: '7' } });
    expect(warnings).toEqual([]);
  });

  it('warns of one that Pub/Sub deletes, or empties, by itself', async () => {
    const [topic] = await pubsub.createTopic(relay.topic);
    await topic.createSubscription(relay.subscription, {
      messageRetentionDuration: { seconds: 3600 },
    });
    await open();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('for 31 days (gcloud');
    expect(warnings[1]).toContain('0.04 days');
  });

  it('refuses one with a dead-letter topic: good deliveries would end there', async () => {
    await open();
    // The local server has no such policies.
    const subscription = pubsub.subscription(relay.subscription);
    vi.spyOn(pubsub, 'subscription').mockReturnValue(subscription);
    vi.spyOn(subscription, 'getMetadata').mockImplementation(async () => [
      { deadLetterPolicy: { deadLetterTopic: 'projects/my-project/topics/bin' } },
    ]);
    await expect(open()).rejects.toMatchObject({
      code: 'subscription.dead-letter-topic',
    });
  });

  it('is open to a subscriber that may only pull from it, and warns of what may be wrong', async () => {
    await open();
    const refuse = async () => {
      throw Object.assign(new Error('PERMISSION_DENIED'), { code: 7 });
    };
    const subscription = pubsub.subscription(relay.subscription);
    // The local server lets everybody do everything.
    vi.spyOn(pubsub, 'createTopic').mockImplementation(refuse);
    vi.spyOn(pubsub, 'createSubscription').mockImplementation(refuse);
    vi.spyOn(pubsub, 'subscription').mockReturnValue(subscription);
    vi.spyOn(subscription, 'getMetadata').mockImplementation(refuse);
    expect(await open()).toBe(subscription.name);
    expect(warnings).toEqual([expect.stringContaining('may have no retry policy')]);
  });

  it('does not open after any other error', async () => {
    for (const call of ['createTopic', 'createSubscription'] as const) {
      vi.spyOn(pubsub, call).mockImplementationOnce(async () => {
        throw Object.assign(new Error('INTERNAL'), { code: 13 });
      });
      await expect(open()).rejects.toMatchObject({ code: 13 });
    }
  });
});
