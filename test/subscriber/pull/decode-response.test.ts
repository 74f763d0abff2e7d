import { protos } from '@google-cloud/pubsub';
import { describe, expect, it } from 'vitest';
import { ResponseDecoder } from '../../../subscriber/pull/decode-response.ts';

const { StreamingPullResponse } = protos.google.pubsub.v1;
type Message = protos.google.pubsub.v1.IReceivedMessage;

function encode(...receivedMessages: Message[]): Buffer {
  const response = {
    receivedMessages,
    subscriptionProperties: { exactlyOnceDeliveryEnabled: true },
  };
  return Buffer.from(StreamingPullResponse.encode(response).finish());
}

function decodeAll(decoder: ResponseDecoder, bytes: Buffer) {
  const received: unknown[] = [];
  const count = decoder.decode(bytes, (ackId, id, data, attributes, publishedAt, attempt) => {
    const text = Buffer.from(data).toString();
    received.push({ ackId, id, data: text, attributes, publishedAt, attempt });
  });
  expect(count).toBe(received.length);
  return received;
}

const message = (attributes: Record<string, string>, data = 'data') => ({
  ackId: 'ack',
  deliveryAttempt: 300,
  message: {
    data: Buffer.from(data),
    attributes,
    messageId: '12345678901234567',
    publishTime: { seconds: 1_790_000_000, nanos: 5_000_000 },
    orderingKey: 'key',
  },
});
const expected = (attributes: Record<string, string>, data = 'data') => ({
  ackId: 'ack',
  id: '12345678901234567',
  data,
  attributes,
  publishedAt: 1_790_000_000_005,
  attempt: 300,
});

describe('ResponseDecoder', () => {
  it('reads what the generated code has encoded', () => {
    const all = [
      { stream: 'shop', delivery_id: 'a', received_at: '2026-11-28T09:00:00.000Z' },
      { stream: 'shop', delivery_id: 'b', received_at: '2026-11-28T09:00:00.000Z' },
      { stream: 'shop', event_name: 'žluťoučký 🐎', header_x: '' },
      { stream: 'shoq', event_name: 'latin \u00e9', delivery_id: 'bb' },
      {},
      { délka: 'é', stream: 'é'.repeat(500) },
    ];
    const decoder = new ResponseDecoder();
    for (let round = 0; round < 3; round++) {
      const bytes = encode(...all.map((attributes) => message(attributes, 'x'.repeat(300))));
      expect(decodeAll(decoder, bytes)).toEqual(
        all.map((attributes) => expected(attributes, 'x'.repeat(300))),
      );
    }
  });

  it('reads a message without anything, and a response without a message', () => {
    const decoder = new ResponseDecoder();
    const nothing = { ackId: '', id: '', data: '', attributes: {}, publishedAt: 0, attempt: 0 };
    expect(decodeAll(decoder, encode({}))).toEqual([nothing]);
    expect(decodeAll(decoder, encode())).toEqual([]);
    expect(decodeAll(decoder, Buffer.alloc(0))).toEqual([]);
  });

  it('is not led astray by names of attributes, however many there are', () => {
    const decoder = new ResponseDecoder();
    const odd = JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z"}');
    const [received] = decodeAll(decoder, encode(message(odd))) as [{ attributes: object }];
    expect(Object.entries(received.attributes)).toEqual([
      ['constructor', 'y'],
      ['toString', 'z'],
    ]);
    const names = Array.from({ length: 300 }, (_, n) => ({ [`name-${n}`]: `value-${n}` }));
    expect(decodeAll(decoder, encode(...names.map((each) => message(each))))).toEqual(
      names.map((each) => expected(each)),
    );
  });

  it('refuses bytes that end too early, and wire types that do not exist', () => {
    const decoder = new ResponseDecoder();
    const bytes = encode(message({ stream: 'shop' }));
    const ends = [bytes.subarray(0, 5), bytes.subarray(0, 40), Buffer.from([0x0a, 0xff])];
    for (const cut of [...ends, Buffer.from([0x0f]), Buffer.alloc(20, 0xff)]) {
      expect(() => decoder.decode(cut, () => {})).toThrow(RangeError);
    }
    expect(decodeAll(decoder, bytes)).toEqual([expected({ stream: 'shop' })]);
  });
});
