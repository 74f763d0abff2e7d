import { describe, expect, it } from 'vitest';
import type { RelayStream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import {
  carriedHeader,
  type Envelope,
  readEnvelope,
  toAttributes,
} from '../../../shared/envelope.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { type Scheme, schemeOf, schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { type SignedRequest, verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { genericSource } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { type PresetFixture, presetDeliveries } from '../../fixtures/presets/deliveries.ts';
import { type Keys, keysFor } from '../signatures/signature-keys.ts';

type PresetName = keyof typeof presets;

const byName = { ...presets };

const now = Date.parse('2026-06-05T10:00:00.123Z');
const deliveryId = '0193a5c7-0000-7000-8000-000000000000';
const publicUrl = 'https://hooks.example.com';

function open(name: PresetName): RelayStream {
  const streams = { own: byName[name]({ table: 'in.events' }) };
  const stream = defineRelay({ project: 'my-project', publicUrl, streams }).streams.get('own');
  if (!stream) throw new Error('no stream');
  return stream;
}

/** The delivery as it arrives: signed by the sender's own scheme. */
async function send(fixture: PresetFixture, scheme: Scheme, keys: Keys): Promise<SignedRequest> {
  const { body } = fixture;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const request = {
    method: 'POST',
    url: `${publicUrl}/own`,
    headers: new Headers(fixture.headers),
    body: new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>,
  };
  const parts = await signRequest(scheme, request, keys.signing, now);
  for (const [name, value] of Object.entries(parts.headers)) request.headers.set(name, value);
  const signed = { ...request, url: parts.url ?? request.url, body: parts.body ?? request.body };
  return scheme === schemes['endpoint-key'] ? { ...signed, key: keys.signing } : signed;
}

/** The envelope as it leaves Pub/Sub. */
function carry(stream: RelayStream, { headers, body }: SignedRequest): Envelope {
  const carried = genericSource
    .headers(stream)
    .flatMap((name) => [[name, carriedHeader(headers, name) ?? '']]);
  const attributes = toAttributes({
    stream: stream.name,
    deliveryId,
    receivedAt: now,
    headers: Object.fromEntries(carried),
  });
  const reading = readEnvelope(attributes, body);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.envelope;
}

describe.each(Object.keys(presets) as PresetName[])('the preset %s', (name) => {
  const stream = open(name);
  const fixture = presetDeliveries[name];
  const scheme: Scheme = schemeOf(stream);

  it('takes its sender’s delivery from the signature to the rows', async () => {
    const keys = await keysFor(scheme);
    const sent = await send(fixture, scheme, keys);
    expect(await verifySignature(scheme, sent, [keys.live], now)).toEqual({ ok: true, secret: 0 });

    const header = (of: string) => carriedHeader(sent.headers, of);
    const reading = genericSource.read({ body: sent.body, header }, stream);
    if (reading.kind !== 'events') throw new Error(reading.kind);
    expect(reading.events.map((event) => event.name ?? null)).toEqual(
      fixture.events.map((event) => event.name),
    );

    const mappings = genericSource.map(carry(stream, sent), stream);
    const columns = genericSource.layout(stream).columns.map((column) => column.name);
    const own = (index: number) => (stream.each ? `${deliveryId}-${index}` : deliveryId);
    expect(mappings).toHaveLength(fixture.events.length);
    for (const [index, { id, name: event, time }] of fixture.events.entries()) {
      const mapping = mappings[index];
      if (!mapping?.ok) throw new Error(mapping?.reason);
      expect(Object.keys(mapping.row)).toEqual(columns);
      expect(mapping.row).toMatchObject({
        event_id: id ?? own(index),
        event_name: event,
        event_time: time === 'now' ? expect.stringMatching(/^2026-06-05T10:00:00\.123/) : time,
        delivery_id: deliveryId,
        received_at: '2026-06-05T10:00:00.123Z',
      });
      expect(JSON.parse(String(mapping.row['payload']))).toEqual(
        JSON.parse(reading.events[index]?.json ?? ''),
      );
    }
  });

  it('is a whole stream in one line', () => {
    expect(stream).toMatchObject({ source: 'generic', table: 'in.events', name: 'own' });
    expect(genericSource.layout(stream)).toMatchObject({
      partitionBy: { column: 'received_at', by: 'DAY' },
      clusterBy: ['event_name'],
    });
  });
});

describe('what a sender sends around its events', () => {
  it.each([
    ['adyen', { live: 'false', event_index: '1' }],
    ['meta', { object: 'page', event_index: '1' }],
    [
      'klaviyo',
      {
        meta: new JsonText(
          '{"klaviyo_account_id":"A1","klaviyo_webhook_id":"01H","timestamp":"2026-06-05T09:59:59.250Z"}',
        ),
        event_index: '1',
      },
    ],
  ] as const)('is kept for %s', async (name, cells) => {
    const stream = open(name);
    const body = new TextEncoder().encode(JSON.stringify(presetDeliveries[name].body));
    const mapping = genericSource
      .map({ stream: 'own', deliveryId, receivedAt: now, body }, stream)
      .at(-1);
    expect(mapping).toMatchObject({ ok: true, row: cells });
  });

  it('is a form’s fields, repeated ones too', () => {
    const stream = open('twilio');
    const body = new TextEncoder().encode(String(presetDeliveries.twilio.body));
    const [mapping] = genericSource.map(
      { stream: 'own', deliveryId, receivedAt: now, body },
      stream,
    );
    expect(mapping).toMatchObject({
      row: {
        payload: new JsonText(
          '{"MessageSid":"SM1","MessageStatus":"delivered","To":"+420111","MediaUrl":["a","b"]}',
        ),
      },
    });
  });
});
