import { describe, expect, it } from 'vitest';
import { carriedHeader, type Envelope, readEnvelope, toAttributes } from '../../shared/envelope.ts';

const envelope: Envelope = {
  stream: 'datanostro',
  deliveryId: '0193a5c7-0000-7000-8000-000000000000',
  receivedAt: 1_795_245_296_123,
  event: 'purchase',
  contentType: 'application/json; charset=utf-8',
  contentEncoding: 'gzip',
  secret: 'DATANOSTRO_SECRET_2026',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  parentSpanId: '00f067aa0ba902b7',
  headers: { 'x-github-event': 'push', 'x-github-delivery': '72d3162e' },
  body: Uint8Array.of(0, 255, 128),
};

describe('the envelope', () => {
  it('comes out of its attributes as it went in', () => {
    expect(readEnvelope(toAttributes(envelope), envelope.body)).toEqual({ ok: true, envelope });
  });

  it('needs neither event nor content type nor trace', () => {
    const { stream, deliveryId, receivedAt, body } = envelope;
    const bare = { stream, deliveryId, receivedAt, body };
    expect(readEnvelope(toAttributes(bare), body)).toEqual({ ok: true, envelope: bare });
  });

  it('leaves out a value that Pub/Sub would refuse the whole message for', () => {
    const fits = { ...envelope, event: 'é'.repeat(512) };
    const tooLong = { ...envelope, event: 'é'.repeat(513) };
    expect(toAttributes(fits)['event_name']).toBe(fits.event);
    expect(toAttributes(tooLong)).not.toHaveProperty('event_name');
  });

  it('carries no header that is empty, not text, or longer than an attribute may be', () => {
    const headers = { a: '', b: 'x'.repeat(1025), c: 'é'.repeat(513), d: 'x'.repeat(1024) };
    const attributes = toAttributes({ ...envelope, headers });
    expect(Object.keys(attributes).filter((name) => name.startsWith('header_'))).toEqual([
      'header_d',
    ]);
    const sent = new Headers({ a: '', b: headers.b, d: headers.d });
    expect(['a', 'b', 'd', 'e'].map((name) => carriedHeader(sent, name))).toEqual([
      undefined,
      undefined,
      headers.d,
      undefined,
    ]);
  });

  it.each(['stream', 'delivery_id', 'received_at'])('is refused without %s', (name) => {
    const attributes = toAttributes(envelope);
    delete attributes[name];
    const reading = readEnvelope(attributes, envelope.body);
    expect(reading).toMatchObject({ ok: false, problem: expect.stringContaining(name) });
  });

  it('is refused when received_at is no time', () => {
    const attributes = { ...toAttributes(envelope), received_at: 'yesterday' };
    expect(readEnvelope(attributes, envelope.body).ok).toBe(false);
  });
});
