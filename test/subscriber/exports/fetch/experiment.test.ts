import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { ExportFilter } from '../../../../shared/config/export-settings.ts';
import { matchesFilter } from '../../../../subscriber/exports/fetch/experiment.ts';
import { startSenderBed } from '../../../beds/sender-bed.ts';

/** As in the vendor's documentation. */
const experiment = {
  id: 42,
  experiment_tags: [
    { experiment_tag: { tag: 'checkout' } },
    { experiment_tag: { tag: 'bigquery' } },
  ],
  owners: [{ user: { email: 'owner@shop.example' } }],
  teams: [{ team: { name: 'Growth' } }, { team: { name: 'Checkout' } }],
};

async function ask(listener: RequestListener, filter: ExportFilter, idleTimeoutMs = 5000) {
  const { url, requests } = await startSenderBed(listener);
  const matches = await matchesFilter(
    '42',
    filter,
    { url, key: 'the-key', idleTimeoutMs },
    undefined,
  );
  return { matches, requests };
}

function answer(body: unknown): RequestListener {
  return (_, response) => response.end(JSON.stringify(body));
}

describe('a filter of exports', () => {
  it('requests the experiment from the API, with the key', async () => {
    const { requests } = await ask(answer({ experiment }), { tag: 'bigquery' });
    expect(requests.map(({ url }) => url)).toEqual(['/v1/experiments/42']);
    expect(requests[0]?.headers.authorization).toBe('Api-Key the-key');
  });

  it.each<[ExportFilter, boolean]>([
    [{ tag: 'bigquery' }, true],
    [{ tag: 'checkout' }, true],
    [{ tag: 'Bigquery' }, false],
    [{ tag: 'big' }, false],
    [{ owner: 'owner@shop.example' }, true],
    [{ owner: 'other@shop.example' }, false],
    [{ team: 'Growth' }, true],
    [{ team: 'Checkout' }, true],
    [{ team: 'Sales' }, false],
    [{ tag: 'bigquery', owner: 'owner@shop.example', team: 'Growth' }, true],
    [{ tag: 'bigquery', owner: 'owner@shop.example', team: 'Sales' }, false],
    [{ tag: 'other', team: 'Growth' }, false],
  ])('%j: %s', async (filter, expected) => {
    expect((await ask(answer({ experiment }), filter)).matches).toBe(expected);
  });

  it.each<[string, object]>([
    ['nothing of it', {}],
    ['null', { experiment_tags: null, owners: null }],
    ['other shapes', { experiment_tags: { tag: 'bigquery' }, owners: ['x'], teams: [null, 7] }],
    ['entries without a name', { experiment_tags: [{}, { experiment_tag: null }] }],
  ])('does not match an experiment with %s', async (_, told) => {
    expect((await ask(answer({ experiment: told }), { tag: 'bigquery' })).matches).toBe(false);
  });
});

describe('an experiment that can’t be read', () => {
  it.each<[string, string, RequestListener]>([
    ['401', 'export.unauthorized', (_, response) => response.writeHead(401).end()],
    ['403', 'export.unauthorized', (_, response) => response.writeHead(403).end()],
    ['404', 'export.not-found', (_, response) => response.writeHead(404).end()],
    ['400', 'export.status', (_, response) => response.writeHead(400).end()],
    ['429', 'export.unavailable', (_, response) => response.writeHead(429).end()],
    ['500', 'export.unavailable', (_, response) => response.writeHead(500).end()],
    ['503', 'export.unavailable', (_, response) => response.writeHead(503).end()],
    ['a cut', 'export.network', (request) => request.destroy()],
    [
      'a cut in the middle',
      'export.network',
      (_, response) => response.write('{', () => response.destroy()),
    ],
    ['no JSON', 'export.experiment', (_, response) => response.end('<html>')],
    ['no experiment', 'export.experiment', answer({ errors: [] })],
    [
      'too much',
      'export.experiment',
      (_, response) => response.end(Buffer.alloc(17 * 1024 * 1024, ' ')),
    ],
  ])('%s', async (_, code, listener) => {
    await expect(ask(listener, { tag: 'x' })).rejects.toMatchObject({ code });
  });

  it('the idle timeout', async () => {
    await expect(ask(() => {}, { tag: 'x' }, 200)).rejects.toMatchObject({
      code: 'export.network',
      message: 'the request for experiment 42 failed: nothing came for 200 ms',
    });
  });

  it('a redirect to another host, which gets neither the key nor a request', async () => {
    const elsewhere = await startSenderBed((_, response) => response.end('{}'));
    const redirected = ask(
      (_, response) => response.writeHead(302, { Location: elsewhere.url }).end(),
      { tag: 'x' },
    );
    await expect(redirected).rejects.toMatchObject({ code: 'export.redirect' });
    expect(elsewhere.requests).toEqual([]);
  });
});
