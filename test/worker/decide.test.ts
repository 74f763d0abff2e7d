import { expect, test } from 'vitest';
import type { Stream } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { github, sendgrid } from '../../shared/sources/presets.ts';
import { decide as decideOn } from '../../worker/decide.ts';
import { type Endpoint, openEndpoint } from '../../worker/endpoint.ts';
import { isOutcome } from '../../worker/outcome.ts';
import { toMessage } from '../../worker/publish/store.ts';
import { arrive, type Delivery } from '../../worker/receive/delivery.ts';

const decide = (delivery: Delivery, endpoint: Endpoint) =>
  decideOn(delivery, delivery.body, endpoint);

function endpointOf(stream: Stream) {
  const relay = defineRelay({ project: 'my-project', streams: { own: stream } });
  const own = relay.streams.get('own');
  if (!own) throw new Error('no stream');
  return openEndpoint(own);
}

function deliveryOf(body: unknown, headers: Record<string, string> = {}): Delivery {
  const request = new Request('https://relay.example/own', { method: 'POST', headers });
  const bytes = new TextEncoder().encode(JSON.stringify(body)) as Uint8Array<ArrayBuffer>;
  const delivery = arrive(request, '/own', undefined, 0, '');
  delivery.body = bytes;
  return delivery;
}

test('the envelope carries the headers that the stream reads, and no others', () => {
  const delivery = deliveryOf(
    { action: 'opened' },
    { 'X-GitHub-Event': 'push', 'X-GitHub-Delivery': 'x'.repeat(1025), Authorization: 'secret' },
  );
  const decision = decide(delivery, endpointOf(github({ table: 'in.github' })));
  if (isOutcome(decision)) throw new Error(decision.outcome);
  expect(decision).toStrictEqual({ event: 'push', headers: { 'x-github-event': 'push' } });
  const { attributes } = toMessage({ name: 'own', secrets: [] }, delivery, decision);
  expect(attributes).toMatchObject({ event_name: 'push', 'header_x-github-event': 'push' });
  expect(Object.keys(attributes)).not.toContain('header_x-github-delivery');
  expect(JSON.stringify(attributes)).not.toContain('secret');
});

test('the filter sees a body in the charset that its Content-Type names', () => {
  const stream = github({ table: 'in.github', event: '$.action', filter: { events: ['café'] } });
  const delivery = deliveryOf(null, { 'content-type': 'application/json; charset=iso-8859-1' });
  delivery.body = Uint8Array.from('{"action":"caf\xe9"}', (char) => char.charCodeAt(0));
  expect(decide(delivery, endpointOf(stream))).toMatchObject({ event: 'café' });
});

test('a delivery of several events passes if one does', () => {
  const endpoint = endpointOf(sendgrid({ table: 'in.mail', filter: { events: ['open'] } }));
  const send = (...events: string[]) =>
    decide(deliveryOf(events.map((event) => ({ event }))), endpoint);
  expect(send('bounce', 'open', 'click')).toMatchObject({
    event: 'open',
    dropped: { cause: 'event-filter', names: ['bounce', 'click'] },
  });
  expect(send('open', 'click')).toMatchObject({ dropped: { names: ['click'] } });
  expect(send('click', 'open')).toMatchObject({ event: 'open', dropped: { names: ['click'] } });
  expect(send('open', 'open')).not.toHaveProperty('dropped');
  expect(send('open')).not.toHaveProperty('dropped');
  expect(send('bounce', 'click')).toMatchObject({
    outcome: 'filtered',
    facts: { cause: 'event-filter' },
    dropped: { names: ['bounce', 'click'] },
  });
  expect(send()).toMatchObject({
    outcome: 'filtered',
    status: 200,
    facts: { cause: 'ignored' },
  });
});

test('a filter that throws drops nothing: the error reaches the edge, which answers 503', async () => {
  const broken = () => {
    throw new TypeError('no');
  };
  const onSecond = ({ name }: { name?: string | undefined }) => name === 'open' || broken();
  const endpoint = endpointOf(sendgrid({ table: 'in.mail', filter: { events: ['open'] } }));
  for (const passes of [broken, onSecond]) {
    const delivery = deliveryOf([{ event: 'open' }, { event: 'click' }]);
    expect(() => decide(delivery, { ...endpoint, passes })).toThrow(TypeError);
  }
});
