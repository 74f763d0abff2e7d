import { expect } from 'vitest';
import { type Behaviours, freshName, PROJECT } from '../../../beds/pubsub-clients.ts';

const refusal = (code: number, status: string) => ({
  status: code,
  json: { error: { code, status, message: expect.any(String) } },
});

export const rest: Behaviours = {
  'topics and subscriptions are put, got, listed and deleted': async (clients) => {
    const id = freshName();
    const topic = `projects/${PROJECT}/topics/${id}`;
    const name = `projects/${PROJECT}/subscriptions/${id}`;
    expect(await clients.rest('PUT', `/topics/${id}`, {})).toMatchObject({
      status: 200,
      json: { name: topic },
    });
    const created = await clients.rest('PUT', `/subscriptions/${id}`, {
      topic,
      ackDeadlineSeconds: 20,
    });
    const shown = { name, topic, ackDeadlineSeconds: 20, messageRetentionDuration: '604800s' };
    expect(created).toMatchObject({ status: 200, json: shown });
    expect((await clients.rest('GET', `/subscriptions/${id}`)).json).toMatchObject(shown);
    expect((await clients.rest('GET', `/topics/${id}/subscriptions`)).json).toEqual({
      subscriptions: [name],
    });
    const page = await clients.rest('GET', '/topics?pageSize=1');
    expect(page.json['topics']).toHaveLength(1);
    expect(await clients.rest('DELETE', `/subscriptions/${id}`)).toEqual({ status: 200, json: {} });
    expect(await clients.rest('DELETE', `/topics/${id}`)).toEqual({ status: 200, json: {} });
    expect(await clients.rest('GET', `/topics/${id}`)).toMatchObject(refusal(404, 'NOT_FOUND'));
  },

  'a patch changes what its mask names': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const id = subscription.name.split('/').at(-1);
    const given = { name: subscription.name, topic: topic.name, ackDeadlineSeconds: 30 };
    const body = { subscription: given, updateMask: 'ackDeadlineSeconds' };
    const { json } = await clients.rest('PATCH', `/subscriptions/${id}`, body);
    expect(json['ackDeadlineSeconds']).toBe(30);
    const retryPolicy = { minimumBackoff: '1.5s', maximumBackoff: '60s' };
    const patched = await clients.rest('PATCH', `/subscriptions/${id}`, {
      subscription: { ...given, retryPolicy },
      updateMask: 'retryPolicy',
    });
    expect(patched.json['retryPolicy']).toMatchObject({ maximumBackoff: '60s' });
    expect(patched.json['retryPolicy']).toMatchObject({
      minimumBackoff: expect.stringMatching(/^1\.50*s$/),
    });
  },

  'a message is published, pulled, nacked and acked': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const queue = `/subscriptions/${subscription.name.split('/').at(-1)}`;
    const message = { data: Buffer.from('hé\0llo').toString('base64'), attributes: { ключ: 'ž' } };
    const published = await clients.rest(
      'POST',
      `/topics/${topic.name.split('/').at(-1)}:publish`,
      {
        messages: [message, { attributes: { second: 'yes' } }],
      },
    );
    expect(published).toMatchObject({
      status: 200,
      json: { messageIds: [expect.any(String), expect.any(String)] },
    });

    const pull = async () => {
      const { json } = await clients.rest('POST', `${queue}:pull`, {
        maxMessages: 10,
        returnImmediately: true,
      });
      return (json['receivedMessages'] ?? []) as {
        ackId: string;
        message: Record<string, unknown>;
      }[];
    };
    const received = await pull();
    expect(received.map((one) => one.message['messageId'])).toEqual(published.json['messageIds']);
    expect(received[0]?.message).toMatchObject(message);
    expect(received[0]?.message['publishTime']).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
    );
    const ackIds = received.map(({ ackId }) => ackId);
    const back = { ackIds, ackDeadlineSeconds: 0 };
    expect(await clients.rest('POST', `${queue}:modifyAckDeadline`, back)).toEqual({
      status: 200,
      json: {},
    });
    const again = await pull();
    expect(again).toHaveLength(2);
    const done = { ackIds: again.map(({ ackId }) => ackId) };
    expect(await clients.rest('POST', `${queue}:acknowledge`, done)).toEqual({
      status: 200,
      json: {},
    });
    expect(await pull()).toEqual([]);
  },

  'a message arrives over gRPC as it was published over REST': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const data = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const body = {
      messages: [{ data: data.toString('base64'), attributes: { a: '✓' }, orderingKey: 'k' }],
    };
    await clients.rest('POST', `/topics/${topic.name.split('/').at(-1)}:publish`, body);
    const [received] = await clients.pull(subscription.name, 1);
    expect(Buffer.from(received?.message?.data as Uint8Array).equals(data)).toBe(true);
    expect(received?.message).toMatchObject({ attributes: { a: '✓' }, orderingKey: 'k' });
  },

  "errors have Google's body": async (clients) => {
    const { topic } = await clients.queue();
    const id = topic.name.split('/').at(-1);
    const publish = (body: unknown, of = id) => clients.rest('POST', `/topics/${of}:publish`, body);
    const message = { data: 'eA==' };
    expect(await clients.rest('PUT', `/topics/${id}`, {})).toMatchObject(
      refusal(409, 'ALREADY_EXISTS'),
    );
    expect(await clients.rest('PUT', '/topics/x', {})).toMatchObject(
      refusal(400, 'INVALID_ARGUMENT'),
    );
    expect(await publish({ messages: [message] }, 'no-such-topic')).toMatchObject(
      refusal(404, 'NOT_FOUND'),
    );
    expect(await publish({ messages: [{}] })).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
    expect(await publish({ messages: [] })).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
    expect(await publish({ massages: [message] })).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
    expect(await publish({ messages: message })).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
    expect(await publish([])).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
  },

  'data that is not base64 is refused': async (clients) => {
    const { topic } = await clients.queue();
    for (const data of ['!!', 'a', 'aGk=x', 17]) {
      const answer = await clients.rest('POST', `/topics/${topic.name.split('/').at(-1)}:publish`, {
        messages: [{ data }],
      });
      expect(answer, String(data)).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
    }
  },

  'a request over 10 MiB is refused': async (clients) => {
    const { topic } = await clients.queue();
    const path = `/topics/${topic.name.split('/').at(-1)}:publish`;
    const answer = await clients.rest('POST', path, {
      messages: [{ data: 'A'.repeat(10 * 1024 * 1024) }],
    });
    expect(answer).toMatchObject(refusal(400, 'INVALID_ARGUMENT'));
  },

  'a path without a method returns NOT_FOUND': async (clients) => {
    expect((await clients.rest('GET', '/nothing/here')).status).toBe(404);
  },
};
