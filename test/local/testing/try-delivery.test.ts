import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeSecrets } from '../../../local/secrets.ts';
import { signDelivery, tryDelivery } from '../../../local/testing/main.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

const now = Date.parse('2026-11-28T07:30:00.250Z');
const publicUrl = 'https://hooks.example.com';

const relay = defineRelay({
  project: 'my-project',
  publicUrl,
  streams: {
    billing: presets.stripe({
      table: 'billing.stripe',
      filter: {
        event: '^(charge|invoice)\\.',
        where: {
          all: [
            { field: '$.livemode', equals: false },
            { field: '$.data.object.amount', gt: 1000n },
          ],
        },
      },
      moreColumns: {
        amount: { type: 'INT64', from: '$.data.object.amount' },
        paid_at: { type: 'TIMESTAMP', from: '$.data.object.paid_at' },
      },
    }),
    shop: datanostro({ table: 'shop.events' }),
    orders: generic({
      table: 'shop.orders',
      each: '$.orders',
      event: '$.kind',
      filter: { events: ['paid'] },
      columns: {
        kind: { type: 'STRING', from: 'event:name' },
        no: { type: 'INT64', from: '$.no', required: true },
        day: { type: 'DATE', from: '$.day' },
        at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
      },
    }),
    crm: segmentstream({ table: 'crm.orders', acceptsGet: true }),
    exports: absmartly({ table: 'ab.exports', apiUrl: 'https://shop.absmartly.com' }),
    chat: presets.slack({ table: 'team.slack', handshake: 'slack' }),
    page: presets.meta({ table: 'social.page', handshake: 'meta' }),
    bot: presets.discord({ table: 'team.bot' }),
  },
});
const secrets = makeSecrets(relay);
const options = { secrets, now };

const charge = {
  id: 'evt_1',
  type: 'charge.succeeded',
  created: 1_795_000_000,
  livemode: false,
  data: { object: { amount: 4900, paid_at: 'yesterday' } },
};

describe('tryDelivery', () => {
  it('shows the row of a signed sample of every stream', async () => {
    for (const name of ['billing', 'shop', 'crm', 'chat', 'page', 'bot']) {
      const delivery = await signDelivery(relay, name, {}, options);
      const trial = await tryDelivery(relay, name, delivery, options);
      expect(trial).toMatchObject({
        outcome: 'accepted',
        signature: relay.streams.get(name)?.secrets[0],
        events: [{ becomes: 'row' }],
        table: relay.streams.get(name)?.table,
      });
    }
  });

  it('shows each cell as the table would have it, and notes what is NULL', async () => {
    const body = JSON.stringify(charge).replace('4900', '9007199254740993');
    const delivery = await signDelivery(relay, 'billing', { body }, options);
    const { events } = await tryDelivery(relay, 'billing', delivery, options);
    expect(events).toEqual([
      {
        name: 'charge.succeeded',
        becomes: 'row',
        row: {
          event_id: 'evt_1',
          event_name: 'charge.succeeded',
          event_time: '2026-11-18T11:06:40Z',
          payload: body,
          delivery_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/),
          received_at: '2026-11-28T07:30:00.250000Z',
          amount: '9007199254740993',
          paid_at: null,
        },
        notes: [{ column: 'paid_at', reason: expect.any(String) }],
      },
    ]);
  });

  it('names the secret, and why a signature is refused', async () => {
    const delivery = await signDelivery(relay, 'billing', {}, options);
    const forged = { ...delivery, body: `${Buffer.from(delivery.body as Uint8Array)} ` };
    const outcomeOf = async (request: typeof delivery, given: object) => {
      const { outcome, status, reason } = await tryDelivery(relay, 'billing', request, {
        ...options,
        ...given,
      });
      return { outcome, status, reason };
    };
    expect(await outcomeOf(forged, {})).toEqual({
      outcome: 'unauthorized',
      status: 401,
      reason: expect.stringMatching(
        /no live secret .*\. Likely: blanks were added around the body$/,
      ),
    });
    expect(await outcomeOf(delivery, { now: now + 3_600_000 })).toMatchObject({
      outcome: 'unauthorized',
      reason: expect.stringContaining('too long ago'),
    });
    expect(await outcomeOf(delivery, { secrets: {} })).toMatchObject({
      outcome: 'not-stored',
      status: 503,
      reason: expect.stringContaining('BILLING_SECRET is not set'),
    });
    expect(await outcomeOf(forged, { unsigned: true })).toMatchObject({ outcome: 'accepted' });
    const bare = { ...delivery, headers: {} };
    expect(await outcomeOf(bare, {})).toMatchObject({ reason: expect.stringContaining('missing') });
  });

  it('names the rules of the filter that an event fails', async () => {
    const rulesOf = async (event: object) => {
      const body = JSON.stringify({ ...charge, ...event });
      const trial = await tryDelivery(relay, 'billing', { body }, { ...options, unsigned: true });
      return [trial.outcome, trial.events];
    };
    expect(await rulesOf({ type: 'payout.paid' })).toEqual([
      'filtered',
      [
        {
          name: 'payout.paid',
          becomes: 'nothing',
          rules: ['filter.event "^(charge|invoice)\\\\."'],
        },
      ],
    ]);
    expect(await rulesOf({ livemode: true, data: {} })).toMatchObject([
      'filtered',
      [
        {
          rules: [
            'filter.where.all.0 {"field":"$.livemode","equals":false}',
            'filter.where.all.1 {"field":"$.data.object.amount","gt":"1000n"}',
          ],
        },
      ],
    ]);
  });

  it('tells the events of a delivery apart', async () => {
    const orders = [
      { kind: 'paid', no: 1, day: '2026-11-28' },
      { kind: 'seen', no: 2 },
      { kind: 'paid', no: 'x' },
      { kind: 'paid' },
    ];
    const url = `/orders/${secrets['ORDERS_KEY']}`;
    const trial = await tryDelivery(
      relay,
      'orders',
      { url, body: JSON.stringify({ orders }) },
      options,
    );
    expect(trial).toMatchObject({ outcome: 'accepted', signature: 'ORDERS_KEY' });
    expect(trial.events).toMatchObject([
      { becomes: 'row', row: { kind: 'paid', no: '1', day: '2026-11-28' } },
      { becomes: 'nothing', rules: ['filter.events ["paid"]'] },
      { becomes: 'dead-letter', column: 'no' },
      { becomes: 'dead-letter', reason: 'no is missing' },
    ]);
    const wrong = await tryDelivery(relay, 'orders', { url: '/orders/no', body: '{}' }, options);
    expect(wrong).toMatchObject({ outcome: 'unauthorized', status: 401 });
  });

  it('reads a body whose Content-Encoding is gzip', async () => {
    const body = gzipSync(JSON.stringify(charge));
    const headers = { 'Content-Encoding': 'gzip' };
    const given = { ...options, unsigned: true };
    const trial = await tryDelivery(relay, 'billing', { headers, body }, given);
    expect(trial.events).toMatchObject([{ row: { event_id: 'evt_1' } }]);
    const broken = { headers, body: body.subarray(0, 20) };
    expect(await tryDelivery(relay, 'billing', broken, given)).toMatchObject({
      outcome: 'malformed',
      status: 400,
    });
    const other = { headers: { 'content-encoding': 'zstd' }, body };
    expect(await tryDelivery(relay, 'billing', other, given)).toMatchObject({ status: 415 });
  });

  it('answers handshakes as the edge does', async () => {
    const challenge = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
    const signed = await signDelivery(relay, 'chat', { body: challenge }, options);
    expect(await tryDelivery(relay, 'chat', signed, options)).toMatchObject({
      outcome: 'handshake',
      status: 200,
      reason: expect.stringContaining('abc'),
    });
    const query = (token = '') => ({
      method: 'GET',
      url: `/page?hub.mode=subscribe&hub.challenge=42&hub.verify_token=${token}`,
    });
    const right = query(secrets['PAGE_VERIFY_TOKEN']);
    expect(await tryDelivery(relay, 'page', right, options)).toMatchObject({
      outcome: 'handshake',
    });
    expect(await tryDelivery(relay, 'page', query('no'), options)).toMatchObject({ status: 403 });
  });

  it('takes the query of a GET as its body', async () => {
    const url = `/crm/${secrets['CRM_KEY']}?orderId=N1&status=paid`;
    const trial = await tryDelivery(relay, 'crm', { method: 'GET', url }, options);
    expect(trial.events).toMatchObject([{ row: { payload: 'orderId=N1&status=paid' } }]);
    const refused = await tryDelivery(relay, 'shop', { method: 'GET' }, options);
    expect(refused).toMatchObject({
      outcome: 'wrong-method',
      status: 405,
      reason: 'it takes POST',
    });
  });

  it('names the export that is announced', async () => {
    const signed = await signDelivery(relay, 'exports', {}, options);
    expect(await tryDelivery(relay, 'exports', signed, options)).toMatchObject({
      outcome: 'accepted',
      table: 'ab.exports',
      announces: '/v1/experiments/exports/15/experiment_42_export.zip',
    });
    const other = await signDelivery(relay, 'exports', { body: '{"event_name":"x"}' }, options);
    expect(await tryDelivery(relay, 'exports', other, options)).toMatchObject({
      outcome: 'filtered',
      reason: 'Ignored: not an ExperimentDataExportReady event',
    });
  });

  it('refuses what is too large or not what the source sends', async () => {
    const given = { ...options, unsigned: true };
    const large = { body: 'x'.repeat(1024 * 1024 + 1) };
    expect(await tryDelivery(relay, 'shop', large, given)).toMatchObject({ status: 413 });
    expect(await tryDelivery(relay, 'shop', { body: 'no' }, given)).toMatchObject({
      status: 400,
      reason: 'the body is not JSON',
    });
    await expect(tryDelivery(relay, 'nowhere', {})).rejects.toMatchObject({
      code: 'stream.unknown',
    });
    await expect(signDelivery(relay, 'shop')).rejects.toMatchObject({ code: 'secret.missing' });
  });
});
