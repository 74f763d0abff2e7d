import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEnvelope, toAttributes, toData } from '../../shared/envelope.ts';
import { runs } from './runs.ts';
import { bytes } from './soup.ts';

test('an envelope is read as it was written', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const optional = fc.record(
    {
      event: text,
      contentType: text,
      contentEncoding: text,
      query: text,
      secret: text,
      headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), text),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 0, max: 8.64e15 }),
      optional,
      bytes,
      (deliveryId, receivedAt, more, body) => {
        const sent = { stream: 'shop', deliveryId, receivedAt, ...more };
        const data = toData({ body, ...(more.query !== undefined && { query: more.query }) });
        const reading = readEnvelope(toAttributes(sent), data);
        const { query, headers, ...rest } = sent;
        expect(reading).toMatchObject({ ok: true, envelope: rest });
        if (reading.ok) {
          expect([...reading.envelope.body]).toEqual([...body]);
          if (headers && Object.keys(headers).length > 0)
            expect(reading.envelope.headers).toEqual(headers);
        }
      },
    ),
    runs(500),
  );
});

test('any message is an envelope, or has a problem', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'stream',
      'delivery_id',
      'received_at',
      'event_name',
      'content_type',
      'query',
      'replay',
      'traceparent',
      'method',
      '__proto__',
      'header_x',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), bytes, (attributes, data) => {
      const reading = readEnvelope(attributes, data);
      if (!reading.ok) expect(reading.problem).toMatch(/\w/);
    }),
    runs(400),
  );
});
