import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { codeOf } from '../../beds/pubsub-clients.ts';
import { ownServer } from './own-server.ts';

const server = ownServer();
const bindings = [{ role: 'roles/pubsub.publisher', members: ['allUsers'] }];

test('a policy is kept over a restart, until its resource is deleted', async () => {
  const { topic } = await server.clients.queue();
  const [first] = await topic.iam.getPolicy();
  expect(first).toMatchObject({ version: 0, bindings: [] });
  await topic.iam.setPolicy({ bindings });
  await server.restart();
  const again = server.clients.pubsub.topic(topic.name);
  expect((await again.iam.getPolicy())[0].bindings).toMatchObject(bindings);
  await again.delete();
  expect(await codeOf(again.iam.getPolicy())).toBe(status.NOT_FOUND);
  await again.create();
  expect((await again.iam.getPolicy())[0].bindings).toEqual([]);
});

test('a policy with an etag of before another change is refused', async () => {
  const { subscription } = await server.clients.queue();
  const [{ etag = '' }] = await subscription.iam.getPolicy();
  await subscription.iam.setPolicy({ bindings, etag });
  const call = subscription.iam.setPolicy({ bindings: [], etag });
  expect(await codeOf(call)).toBe(status.ABORTED);
});

test('roles and members of unknown kinds are refused', async () => {
  const { topic } = await server.clients.queue();
  for (const bad of [
    { role: 'pubsub.publisher', members: ['allUsers'] },
    { role: 'roles/pubsub.publisher', members: ['someone@example.com'] },
  ]) {
    const call = topic.iam.setPolicy({ bindings: [bad] });
    expect(await codeOf(call), JSON.stringify(bad)).toBe(status.INVALID_ARGUMENT);
  }
});

test('policies are read and set over REST', async () => {
  const { topic } = await server.clients.queue();
  const path = `/topics/${topic.name.split('/').at(-1)}`;
  const set = await server.clients.rest('POST', `${path}:setIamPolicy`, { policy: { bindings } });
  expect(set).toMatchObject({ status: 200, json: { bindings } });
  const got = await server.clients.rest('GET', `${path}:getIamPolicy`);
  expect(got.json).toEqual(set.json);
});
