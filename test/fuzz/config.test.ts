import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyedLayout } from '../../shared/columns.ts';
import { InvalidConfig } from '../../shared/config/check/invalid-config.ts';
import type { Relay, RelayOptions, RelayStream, TableName } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { filterOf } from '../../shared/filters/filter.ts';
import { hmac } from '../../shared/signatures/builders.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { verifySignature } from '../../shared/signatures/verify/verify.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import * as allPresets from '../../shared/sources/presets.ts';
import { sources } from '../../shared/sources/registry.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { bytesOf } from '../shared/signatures/signature-vectors.ts';
import { runs, timeoutMs } from './runs.ts';

// The check of a config says what is wrong, whatever it is given; what it takes, the relay can run.

/** What nobody writes on purpose, as a value or as a name. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    0,
    -1,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    10n,
    '',
    '$',
    '$.a[',
    '$.a[].b[0]',
    'header:',
    'delivery:nowhere',
    '(',
    '(a+)+$',
    'd.t',
    'a.b.c',
    '__proto__',
    'constructor',
    '\ud800',
    'http://x',
    'x'.repeat(2000),
    [],
    [null],
    [[]],
    {},
    { field: '$.a' },
    { all: [] },
    { not: { not: null } },
    () => 1,
    Symbol('odd'),
    new Date(Number.NaN),
    new Map(),
    /x/,
    Object.create(null),
  ),
  fc.anything({ withNullPrototype: true, withBigInt: true, maxDepth: 2 }),
  fc.string({ maxLength: 12 }),
);

/** What could be right somewhere. */
const plausible: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  true,
  false,
  1,
  204,
  5000,
  'json',
  'form',
  'text',
  'lines',
  'iso',
  'INT64',
  'JSON',
  'STRING',
  'TIMESTAMP',
  'null',
  '$',
  '$.a.b',
  '$.id | header:x-id | delivery:id',
  'body:$.live',
  'query:q',
  'event:index',
  ['$.a', '$.b'],
  ['id'],
  ['form', 'json'],
  'stripe',
  'bearer',
  'utf8',
  'base64',
  { from: '$.at', unit: 's' },
  { field: '$.x', lte: '2026' },
  { 'shop-2': {} },
  '10.0.0.0/8',
  'Europe/Prague',
);

const table: TableName = 'sales.events';

/** A copy each time: what is changed in it must not reach the next, nor the rows of the presets. */
const newOptions = () => structuredClone(validOptions());

function validOptions(): RelayOptions {
  return {
    project: 'my-project',
    publicUrl: 'https://hooks.example',
    location: 'EU',
    refused: { keep: 10, bodyBytes: 100 },
    alerts: { receivers: [{ url: 'ALERTS_URL', format: 'generic', streams: ['shop'] }] },
    streams: {
      shop: datanostro({
        table,
        filter: { event: '^purchase$', where: { field: '$.value', gt: 10 } },
        secrets: ['NEW_SECRET', 'OLD_SECRET'],
        moreColumns: { value: { type: 'NUMERIC', from: '$.value' } },
      }),
      exports: absmartly({ table, apiUrl: 'https://acme.absmartly.com', tablePerExperiment: true }),
      crm: segmentstream({ table, fields: true }),
      orders: generic({
        table,
        scheme: hmac({ signature: 'header:x-mac', signed: '{header:x-time}.{body}' }),
        each: '$.items',
        event: '$.type | header:x-event',
        id: ['$.id', '$.version'],
        time: '$.at',
        columns: {
          id: { type: 'STRING', from: '$.id', required: true },
          at: { type: 'TIMESTAMP', from: '$.at' },
          lines: { type: 'JSON', from: '$.lines' },
        },
        key: ['id'],
        filter: {
          unsigned: true,
          events: ['a', 'b'],
          where: { any: [{ field: '$.a', in: [1, '2'] }, { not: { field: '$.b', exists: true } }] },
        },
      } as unknown as Parameters<typeof generic>[0]),
      stripe: allPresets.stripe({ table, replayWindow: '10m' as never }),
      slack: allPresets.slack({ table, handshake: 'slack' as never }),
      twilio: allPresets.twilio({ table, invalidValues: 'null' }),
    },
  } as unknown as RelayOptions;
}

type Box = Record<string | number, unknown>;

/** Every object in a value, so that any of their members can be changed. */
function boxesIn(value: unknown, found: Box[] = []): Box[] {
  if (typeof value !== 'object' || value === null || found.includes(value as Box)) return found;
  found.push(value as Box);
  for (const member of Object.values(value)) boxesIn(member, found);
  return found;
}

interface Change {
  box: number;
  member: number;
  kind: 'set' | 'delete' | 'add';
  name: string;
  value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  box: fc.nat(200),
  member: fc.nat(20),
  kind: fc.constantFrom('set', 'set', 'delete', 'delete', 'add'),
  name: fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      ...[
        '__proto__',
        'toString',
        'key',
        'each',
        'filter',
        'where',
        'columns',
        'moreColumns',
        'body',
      ],
      ...[
        'event',
        'id',
        'time',
        'handshake',
        'invalidValues',
        'required',
        'unit',
        'acceptsGet',
        'from',
      ],
    ),
  ),
  value: fc.oneof(odd, plausible, plausible),
});

function apply(options: unknown, { box, member, kind, name, value }: Change): void {
  const boxes = boxesIn(options);
  const target = boxes[box % boxes.length];
  if (!target || Object.isFrozen(target)) return;
  const names = Object.keys(target);
  const key = names[member % Math.max(1, names.length)];
  if (kind === 'add')
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else if (key !== undefined && kind === 'delete') delete target[key];
  else if (key !== undefined) target[key] = value;
}

/** The relay, or undefined if the check names problems; anything else that is thrown is a fault. */
function check(options: unknown): Relay | undefined {
  try {
    return defineRelay(options as RelayOptions);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { message } of error.problems) expect(message).toMatch(/\w/);
    return undefined;
  }
}

const bodies = ['{"id":"1","type":"a","items":[{"id":1,"b":null}]}', 'a=1&b=2', '[]', ''].map(
  bytesOf,
);

/** What the Worker and the subscriber do with a stream. */
async function run(stream: RelayStream): Promise<void> {
  const source = sources[stream.source];
  const scheme = schemeOf(stream);
  const headers = new Headers({ 'x-event': 'a' });
  const { passes } = filterOf(stream);
  for (const body of bodies) {
    const request = { method: 'POST', url: 'https://hooks.example/s', headers, body };
    const verdict = await verifySignature(scheme, request, ['c2VjcmV0'], 0);
    expect(verdict.ok).toBe(false);
    const header = (name: string) => headers.get(name) ?? undefined;
    const reading = source.read({ body, header }, stream);
    if (reading.kind === 'events') for (const event of reading.events) passes(event);
  }
  if (source.delivers === 'exports') return;
  const encoder = createEncoder(keyedLayout(source.layout(stream), stream), () => 0);
  const envelope = { stream: stream.name, deliveryId: 'd', receivedAt: 0 };
  for (const body of bodies) {
    for (const mapping of source.map({ ...envelope, body }, stream)) {
      if (mapping.ok) encoder.encode(mapping.row);
    }
  }
}

test('the config that the changes begin with is right, and runs', async () => {
  const relay = check(newOptions());
  expect(relay?.streams.size).toBe(7);
  for (const stream of relay?.streams.values() ?? []) await run(stream);
});

test('a config with some changes: problems, or a relay that runs', {
  timeout: timeoutMs,
}, async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const options = newOptions();
      for (const one of changes) apply(options, one);
      const relay = check(options);
      if (!relay) return;
      taken++;
      for (const stream of relay.streams.values()) await run(stream);
    }),
    runs(120),
  );
  expect(taken).toBeGreaterThan(10);
});

test('anything else: problems', { timeout: timeoutMs }, () => {
  fc.assert(
    fc.property(
      fc.oneof(odd, fc.record({ project: odd, streams: odd, alerts: odd, publicUrl: odd })),
      (options) => {
        check(options);
      },
    ),
    runs(120),
  );
});
