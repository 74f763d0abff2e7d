import { describe, expect, it } from 'vitest';
import { type Sample, sampleOf, signBytes } from '../../../local/samples/deliveries.ts';
import { findSamples, senderSamples } from '../../../local/samples/find-samples.ts';
import type { RelayStream, Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { carriedHeader } from '../../../shared/envelope.ts';
import type { Scheme } from '../../../shared/signatures/scheme.ts';
import { schemeOf } from '../../../shared/signatures/schemes.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { absmartly, absmartlySource } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { keysFor } from '../../shared/signatures/signature-keys.ts';

const edge = 'https://hooks.example.com';
const now = Date.parse('2026-11-28T07:30:00.250Z');
const deliveryId = '0193a5c7-0000-7000-8000-000000000000';

function open(own: Stream, name = 'own'): RelayStream {
  const relay = defineRelay({
    project: 'my-project',
    publicUrl: edge,
    streams: { [name]: own },
  });
  const stream = relay.streams.get(name);
  if (!stream) throw new Error('no stream');
  return stream;
}

/** A sample from its signature to its rows. */
async function relaySample(stream: RelayStream, sample: Sample) {
  const relay = { ...defineRelay({ project: 'my-project', streams: {} }), publicUrl: edge };
  const scheme: Scheme = schemeOf(stream);
  const keys = await keysFor(scheme);
  const body = new TextEncoder().encode(sample.body) as Uint8Array<ArrayBuffer>;
  const side = { relay, secret: keys.signing, edge, now };
  const signed = await signBytes({ ...sample, body }, stream, side);
  const headers = new Headers({ ...signed.headers, 'content-type': sample.contentType });
  const delivery = { method: 'POST', ...signed, headers, key: keys.live };
  const verdict = await verifySignature(scheme, delivery, [keys.live], now);
  const source = sources[stream.source];
  const header = (name: string) => carriedHeader(headers, name);
  const { contentType } = sample;
  const reading = source.read({ body: signed.body, contentType, header }, stream);
  const carried = Object.fromEntries(
    source.headers(stream).flatMap((name) => {
      const value = header(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const envelope = {
    stream: stream.name,
    deliveryId,
    receivedAt: now,
    body: signed.body,
    contentType,
    headers: carried,
  };
  if (source.delivers !== 'rows') throw new Error('it has no rows');
  const encoder = createEncoder(source.layout(stream), () => now, 'dead-letter');
  const rows = source.map(envelope, stream).map((mapping) => {
    if (!mapping.ok || mapping.notes) throw new Error(JSON.stringify(mapping));
    const encoded = encoder.encode(mapping.row);
    if (!encoded.ok) throw new Error(`${encoded.column} ${encoded.reason}`);
    return mapping.row;
  });
  return { verified: verdict.ok, kind: reading.kind, rows };
}

/** Their senders name no event. */
const nameless = new Set(['braintree', 'dropbox', 'sendgridInbound', 'x']);

describe.each(Object.entries(presets))('the samples of %s', (preset, make) => {
  const stream = open(make({ table: 'a.b' }), preset.toLowerCase());
  const samples = findSamples(stream);

  it('are those of this sender', () => {
    const own = samples.filter(({ sender }) => sender === preset);
    expect(samples[0]?.sender).toBe(preset);
    expect(own.map(({ event }) => event)).toEqual(Object.keys(senderSamples[preset]?.events ?? {}));
  });

  it.each(samples.map(({ event }) => event))(
    '%s becomes rows with name, id and time',
    async (event) => {
      const { verified, kind, rows } = await relaySample(stream, sampleOf(stream, { event, now }));
      expect({ verified, kind }).toEqual({ verified: true, kind: 'events' });
      expect(rows.length).toBeGreaterThan(0);
      for (const { event_name: name, event_id: id, event_time: time } of rows) {
        const label = event.replace(/:status$/, '');
        expect(name).toBe(nameless.has(preset) ? null : label);
        expect(id).toEqual(expect.stringMatching(/./));
        const at = /^\d+$/.test(String(time)) ? Number(time) : Date.parse(zoned(String(time)));
        const ms = at < 1e11 ? at * 1000 : at;
        expect(Math.abs(ms - now)).toBeLessThan(1000);
      }
    },
  );

  it('have another id each time', async () => {
    const ids = new Set<unknown>();
    for (let n = 0; n < 3; n++) {
      const sample = sampleOf(stream, { now });
      const { rows } = await relaySample(stream, sample);
      // Where the sender states no id, the event has that of the delivery.
      ids.add(stream.id === undefined ? sample.body : rows[0]?.['event_id']);
    }
    expect(ids.size).toBe(3);
  });
});

/** Xero's times are in UTC and do not say so. */
function zoned(time: string): string {
  return /(Z|[+-]\d\d:?\d\d|GMT)$/.test(time) ? time : `${time}Z`;
}

describe('the sample', () => {
  it('of datanostro has name, id and time, and digits beyond 2^53', async () => {
    const stream = open(datanostro({ table: 'a.b' }));
    expect(findSamples(stream).length).toBeGreaterThan(1);
    for (const { event } of findSamples(stream)) {
      const { verified, rows } = await relaySample(stream, sampleOf(stream, { event, now }));
      expect(verified).toBe(true);
      expect(rows).toMatchObject(
        [
          { event_name: event, event_id: /^evt_\w{20}$/, event_time: '2026-11-28T07:30:00.250Z' },
        ].map((row) => ({ ...row, event_id: expect.stringMatching(row.event_id) })),
      );
      expect(String(rows[0]?.['payload'])).toMatch(/"client_id":900719925\d{10}}$/);
    }
  });

  it('of segmentstream is a form, JSON, XML or text', async () => {
    const stream = open(segmentstream({ table: 'a.b' }));
    expect(findSamples(stream).map(({ event }) => event)).toEqual(['form', 'json', 'xml', 'text']);
    for (const { event } of findSamples(stream)) {
      const sample = sampleOf(stream, { event, now });
      const { verified, rows } = await relaySample(stream, sample);
      expect({ verified, rows }).toMatchObject({
        verified: true,
        rows: [{ payload: sample.body, date: '2026-11-28' }],
      });
    }
  });

  it('of absmartly announces an export', () => {
    const stream = open(absmartly({ table: 'a.b', apiUrl: 'https://shop.absmartly.com' }));
    const { body } = sampleOf(stream, { now });
    const envelope = {
      stream: 'own',
      deliveryId,
      receivedAt: now,
      body: new TextEncoder().encode(body),
    };
    expect(absmartlySource.announcement(envelope, stream)).toMatchObject({ ok: true });
  });

  it('is one that the filter passes, if there is one', () => {
    const filter = { event: '^invoice\\.', where: { field: '$.livemode', equals: false } };
    expect(sampleOf(open(presets.stripe({ table: 'a.b', filter }))).event).toBe('invoice.paid');
    const none = open(presets.stripe({ table: 'a.b', filter: { events: ['payout.paid'] } }));
    expect(sampleOf(none).event).toBe('charge.succeeded');
  });

  it('is refused for an event that the sender does not have', () => {
    const stream = open(presets.stripe({ table: 'a.b' }));
    expect(() => sampleOf(stream, { event: 'nothing' })).toThrow(
      expect.objectContaining({ code: 'delivery.event' }),
    );
  });

  it('of presets that are alike follows the names of stream and table', () => {
    const senderOf = (own: Stream, name: string) => findSamples(open(own, name))[0]?.sender;
    expect(senderOf(presets.whatsapp({ table: 'a.b' }), 'chat')).toBe('meta');
    expect(senderOf(presets.whatsapp({ table: 'a.whatsapp' }), 'chat')).toBe('whatsapp');
    expect(senderOf(presets.svix({ table: 'a.b' }), 'hooks')).toBe('svix');
    expect(senderOf(presets.resend({ table: 'a.b' }), 'resend')).toBe('resend');
    expect(senderOf(generic({ table: 'a.b' }), 'mine')).toBeUndefined();
  });

  it('fills the columns that a stream declares, and keeps what the sample has', async () => {
    const stream = open(
      presets.stripe({
        table: 'a.b',
        moreColumns: {
          amount: { type: 'INT64', from: '$.data.object.amount', required: true },
          coupon: { type: 'STRING', from: '$.data.object.discounts[1].coupon', required: true },
          region: { type: 'STRING', from: 'header:x-region', required: true },
        },
      }),
    );
    const { rows } = await relaySample(stream, sampleOf(stream, { now }));
    expect(rows).toMatchObject([{ amount: '4900', coupon: 'test', region: 'test' }]);
  });

  it('of a sender that only the config knows has what the stream reads', async () => {
    const stream = open(
      generic({
        table: 'a.b',
        each: '$.orders[].lines',
        event: '$.kind | header:x-kind',
        time: { from: '$.at', unit: 's' },
        columns: {
          name: { type: 'STRING', from: 'event:name', required: true },
          time: { type: 'TIMESTAMP', from: 'event:time', required: true },
          second: { type: 'STRING', from: '$.tags[1]', required: true },
          price: { type: 'NUMERIC', from: '$.price.amount', required: true },
          day: { type: 'DATE', from: 'body:$.day', required: true },
          sent: { type: 'TIMESTAMP', from: 'body:$.sent', unit: 'ms', required: true },
          paid: { type: 'BOOL', from: '$.paid', required: true },
        },
      }),
    );
    const { kind, rows } = await relaySample(stream, sampleOf(stream, { event: 'paid', now }));
    expect(kind).toBe('events');
    expect(rows).toMatchObject([
      {
        name: 'paid',
        time: '2026-11-28T07:30:00Z',
        second: 'test',
        price: '1',
        day: '2026-11-28',
        paid: true,
      },
    ]);
  });

  it('of a sender of forms is a form', async () => {
    const stream = open(generic({ table: 'a.b', body: 'form', event: '$.kind', id: '$.no' }));
    const sample = sampleOf(stream, { now });
    expect(sample.contentType).toBe('application/x-www-form-urlencoded');
    const { rows } = await relaySample(stream, sample);
    expect(rows).toMatchObject([{ event_name: 'test', event_id: expect.stringMatching(/^evt_/) }]);
  });
});
