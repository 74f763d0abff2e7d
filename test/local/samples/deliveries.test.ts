import { describe, expect, it } from 'vitest';
import { sampleOf, signBytes } from '../../../local/samples/deliveries.ts';
import type { Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { schemeOf } from '../../../shared/signatures/schemes.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { generic, genericSource } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { keysFor } from '../../shared/signatures/signature-keys.ts';

const edge = 'https://hooks.example.com';
const now = Date.now();

/** A stream's sample, as far as its rows. */
async function relaySample(own: Stream) {
  const relay = defineRelay({ project: 'my-project', publicUrl: edge, streams: { own } });
  const stream = relay.streams.get('own');
  if (!stream) throw new Error('no stream');
  const keys = await keysFor(schemeOf(stream));
  const draft = sampleOf(stream);
  const body = new TextEncoder().encode(draft.body) as Uint8Array<ArrayBuffer>;
  const side = { relay, secret: keys.signing, edge, now };
  const signed = await signBytes({ body, contentType: draft.contentType }, stream, side);
  const delivery = {
    ...signed,
    id: 'd',
    receivedAt: now,
    method: 'POST',
    headers: new Headers(signed.headers),
    key: keys.live,
  };
  const verdict = await verifySignature(schemeOf(stream), delivery, [keys.live], now);
  const envelope = { stream: 'own', deliveryId: 'd', receivedAt: now, body: signed.body };
  return {
    verified: verdict.ok,
    kind: genericSource.read({ body: signed.body, header: () => undefined }, stream).kind,
    rows: genericSource.map(envelope, stream),
  };
}

describe('the sample', () => {
  it.each(Object.entries(presets))('of %s is verified and relayed', async (_, preset) => {
    const { verified, kind, rows } = await relaySample(preset({ table: 'a.b' }));
    expect({ verified, kind }).toEqual({ verified: true, kind: 'events' });
    expect(rows).toMatchObject([{ ok: true }]);
  });

  it('fills the columns that a stream declares', async () => {
    const { kind, rows } = await relaySample(
      generic({
        table: 'a.b',
        each: '$.orders[].lines',
        event: '$.kind | header:x-kind',
        time: { from: '$.at', unit: 's' },
        columns: {
          name: { type: 'STRING', from: 'event:name', required: true },
          second: { type: 'STRING', from: '$.tags[1]', required: true },
          price: { type: 'NUMERIC', from: '$.price.amount', required: true },
          day: { type: 'DATE', from: 'body:$.day', required: true },
          sent: { type: 'TIMESTAMP', from: 'body:$.sent', unit: 'ms', required: true },
          paid: { type: 'BOOL', from: '$.paid', required: true },
        },
      }),
    );
    expect(kind).toBe('events');
    expect(rows).toMatchObject([
      { ok: true, row: { name: 'test', second: 'test', price: '1', paid: true } },
    ]);
  });
});
