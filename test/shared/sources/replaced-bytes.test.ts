import { describe, expect, it } from 'vitest';
import type { Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { type GenericOptions, generic } from '../../../shared/sources/generic.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

const encoder = new TextEncoder();
const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=B';

/** One byte a character, as Latin-1 has it. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function part(name: string, value: string): string {
  return `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

function mapFirst(
  stream: Stream,
  body: string | Uint8Array,
  sent: { contentType?: string; query?: string } = {},
) {
  const own = defineRelay({ project: 'my-project', streams: { own: stream } }).streams.get('own');
  const source = own && sources[own.source];
  if (!own || source?.delivers !== 'rows') throw new Error('no rows');
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const envelope = { stream: 'own', deliveryId: 'd1', receivedAt: 0, body: bytes, ...sent };
  return source.map(envelope, own)[0];
}

function named(options: Partial<GenericOptions> = {}): Stream {
  return generic({ table: 'd.t', event: '$.event', id: '$.id', ...options });
}

const note = { reason: 'is not UTF-8: U+FFFD stands for what is not' };

describe('bytes of a form that are no text', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['as an escape', 'event=Ren%E9&id=1', form],
    ['as half of a character', 'event=%F0%9F&id=1', form],
    ['as the escapes of a surrogate', 'event=%ED%A0%BD&id=1', form],
    ['in multipart', latin1(`${part('event', 'Ren\xe9')}${part('id', '1')}--B--\r\n`), multipart],
  ])('are replaced, and noted: %s', (_, body, contentType) => {
    expect(mapFirst(named(), body, { contentType })).toMatchObject({
      ok: true,
      row: { event_id: '1', event_name: expect.stringContaining('\ufffd') },
      notes: [
        { column: 'event_name', ...note },
        { column: 'payload', ...note },
      ],
    });
  });

  it.each<[string, string | Uint8Array, string]>([
    ['a U+FFFD that was sent', 'event=%EF%BF%BD&id=1', form],
    ['one that was sent as it is', 'event=\ufffd&id=1', form],
    ['one in multipart', `${part('event', '\ufffd')}--B--\r\n`, multipart],
    ['a declared charset', 'event=Ren%E9&id=1', `${form}; charset=windows-1252`],
    [
      'a charset of the whole',
      latin1(`${part('event', 'Ren\xe9')}--B--\r\n`),
      `${multipart}; charset=iso-8859-1`,
    ],
  ])('are none in %s', (_, body, contentType) => {
    expect(mapFirst(named(), body, { contentType })).not.toHaveProperty('notes');
  });

  it('make a dead letter of a key and of a strict stream; a required column has a value', () => {
    const sent = { contentType: form };
    const dead = { ok: false, column: 'event_id', reason: 'event_id is not UTF-8' };
    expect(mapFirst(named({ key: ['event_id'] }), 'id=%E9', sent)).toEqual(dead);
    const strict = mapFirst(named({ invalidValues: 'dead-letter' }), 'id=%E9', sent);
    expect(strict).toEqual(dead);
    const columns = { shop: { type: 'STRING', from: '$.shop', required: true } } as const;
    expect(mapFirst(generic({ table: 'd.t', columns }), 'shop=%E9', sent)).toMatchObject({
      row: { shop: '\ufffd' },
      notes: [{ column: 'shop', ...note }],
    });
  });

  it.each<[string, (moreColumns: NonNullable<GenericOptions['moreColumns']>) => Stream]>([
    ['generic', (moreColumns) => generic({ table: 'd.t', moreColumns })],
    ['segmentstream', (moreColumns) => segmentstream({ table: 'd.t', moreColumns })],
  ])('are noted in the query of a delivery to %s', (_, streamOf) => {
    const stream = streamOf({ shop: { type: 'STRING', from: 'query:shop' } });
    expect(mapFirst(stream, '{"a":1}', { query: 'shop=%E9' })).toMatchObject({
      row: { shop: '\ufffd' },
      notes: [{ column: 'shop', ...note }],
    });
    expect(mapFirst(stream, '{"a":1}', { query: 'shop=%C3%A9' })).not.toHaveProperty('notes');
  });
});

describe('an empty id', () => {
  it('is none: events must not replace one another for it', () => {
    expect(mapFirst(named({ key: ['event_id'] }), '{"id":""}')).toMatchObject({
      row: { event_id: 'd1' },
    });
    expect(mapFirst(named({ each: '$' }), '[{"id":""}]')).toMatchObject({
      row: { event_id: 'd1-0' },
    });
  });
});
