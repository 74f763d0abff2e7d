import type { Scheme } from '../../shared/signatures/schemes.ts';
import { hostileHeaders, hostileMembers } from './hostile-values.ts';
import { request, requestHead } from './raw-http.ts';

/** A delivery as its sender signed it. */
export interface Honest {
  target: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** One that somebody has changed. */
export interface Hostile {
  what: string;
  method: string;
  bytes: Buffer;
  /** Does it no longer show that its sender knows the secret? Then it must never be stored. */
  forged: boolean;
}

interface Place {
  from: string;
  name?: string;
  path?: readonly string[];
}

/** An honest delivery with one thing of it changed, for all that the scheme reads and every hostile value. */
export function* changesOf(scheme: Scheme, honest: Honest): Iterable<Hostile> {
  const items = 'each' in scheme ? scheme.each : undefined;
  // With a key in the secret nothing is fetched: the address of the certificate is not signed.
  const address = 'certificate' in scheme ? scheme.certificate?.url : undefined;
  for (const place of placesIn(scheme)) {
    if (place.from === 'header' && place.name) {
      const isSigned = place !== address;
      for (const change of changedHeaders(honest, place.name)) {
        yield { ...change, forged: change.forged && isSigned };
      }
    }
    if (place.from === 'json' && place.path) yield* changedMembers(honest, place.path, items);
    if (place.from === 'query' && place.name) yield* changedQuery(honest, place.name);
    if (place.from === 'path') yield* changedKey(honest);
  }
  yield* changedOtherwise(honest);
}

/** Every place that the scheme names, whatever for. */
function placesIn(node: unknown, found = new Map<string, Place>()): Iterable<Place> {
  if (typeof node !== 'object' || node === null) return found.values();
  if ('from' in node && typeof node.from === 'string')
    found.set(JSON.stringify(node), node as Place);
  for (const value of Object.values(node)) placesIn(value, found);
  return found.values();
}

function* changedHeaders(honest: Honest, name: string): Iterable<Hostile> {
  const { [name]: own, ...others } = honest.headers;
  const rest = Object.entries(others);
  const change = (what: string, lines: [string, string][], forged: boolean): Hostile => ({
    what: `${name} ${what}`,
    method: 'POST',
    bytes: request('POST', honest.target, [...rest, ...lines], honest.body),
    forged,
  });
  const isShown = own !== undefined;
  for (const value of hostileHeaders) {
    if (value !== own)
      yield change(`is ${JSON.stringify(value).slice(0, 60)}`, [[name, value]], isShown);
  }
  if (!isShown) return;
  yield change('is missing', [], true);
  // Without the padding alone it would be the same bytes.
  yield change('lacks its end', [[name, own.replace(/.=*$/, '')]], true);
  yield change('has one character more', [[name, `${own}0`]], !endsInBase64(own));
  yield change('is of another case', [[name, swapCase(own)]], false);
  for (const other of ['', '0', own, 'A'.repeat(5_000)]) {
    // Of two the list's rules decide; what is right in it stays right.
    yield change(
      'comes twice',
      [
        [name, own],
        [name, other],
      ],
      false,
    );
    yield change(
      'comes twice, the right one last',
      [
        [name, other],
        [name, own],
      ],
      false,
    );
  }
}

/** Decoders of base64 may pass over what stands behind the padding. */
function endsInBase64(text: string): boolean {
  return text.endsWith('=');
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (char) =>
    char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
  );
}

function* changedMembers(
  honest: Honest,
  path: readonly string[],
  items: readonly string[] | undefined,
): Iterable<Hostile> {
  for (const raw of [...hostileMembers, undefined]) {
    const body = withMember(honest.body.toString(), items, path, raw);
    if (body === undefined) continue;
    yield {
      what: `${path.join('.')} is ${raw?.slice(0, 60) ?? 'missing'}`,
      method: 'POST',
      bytes: request('POST', honest.target, Object.entries(honest.headers), Buffer.from(body)),
      forged: true,
    };
  }
}

const placeholder = '"\u0001"';

/** JSON with a member replaced by raw text, or taken away; undefined where it has none there. */
function withMember(
  text: string,
  items: readonly string[] | undefined,
  path: readonly string[],
  raw: string | undefined,
): string | undefined {
  const body: unknown = JSON.parse(text);
  let node = items?.reduce(memberOf, body) ?? body;
  if (items && Array.isArray(node)) node = node[0];
  const parent = path.slice(0, -1).reduce(memberOf, node) as Record<string, unknown> | undefined;
  const name = path.at(-1);
  if (name === undefined || parent?.[name] === undefined) return undefined;
  if (raw === undefined) delete parent[name];
  else parent[name] = JSON.parse(placeholder.replace('\u0001', '\\u0001'));
  return JSON.stringify(body).replace('"\\u0001"', () => raw ?? '');
}

function memberOf(node: unknown, name: string): unknown {
  return (node as Record<string, unknown> | undefined)?.[name];
}

function* changedQuery(honest: Honest, name: string): Iterable<Hostile> {
  const shown = new RegExp(`([?&]${name}=)[^&]*`);
  for (const value of hostileHeaders.filter((text) => /^[!-~]+$/.test(text))) {
    const target = honest.target.replace(shown, (_, before: string) => before + encodeURI(value));
    yield {
      what: `the query's ${name} is ${value.slice(0, 60)}`,
      method: 'POST',
      bytes: request('POST', target, Object.entries(honest.headers), honest.body),
      forged: true,
    };
  }
}

function* changedKey(honest: Honest): Iterable<Hostile> {
  const stream = honest.target.slice(0, honest.target.lastIndexOf('/'));
  const key = honest.target.slice(stream.length + 1);
  const keys = [
    ...hostileHeaders.filter((text) => /^[!-~]*$/.test(text) && !text.includes('?')),
    `${key}0`,
    key.slice(1),
    '%',
    '%ff',
    '%2f',
    '..',
    '%2e%2e',
  ];
  for (const value of keys) {
    yield {
      what: `the key is ${value.slice(0, 60)}`,
      method: 'POST',
      bytes: request('POST', `${stream}/${value}`, Object.entries(honest.headers), honest.body),
      forged: true,
    };
  }
}

const longText = 'x'.repeat(60_000);

function* changedOtherwise({ target, headers, body }: Honest): Iterable<Hostile> {
  const lines = Object.entries(headers);
  const make = (what: string, method: string, bytes: Buffer, forged: boolean): Hostile => ({
    what,
    method,
    bytes,
    forged,
  });
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
    yield make(`${method} with a body`, method, request(method, target, lines, body), false);
    yield make(`${method} alone`, method, request(method, target, [], Buffer.alloc(0)), false);
  }
  const plus = (extra: [string, string][]) => request('POST', target, [...lines, ...extra], body);
  yield make('Expect', 'POST', plus([['Expect', '100-continue']]), false);
  yield make('another Expect', 'POST', plus([['Expect', 'a miracle']]), false);
  yield make(
    'headers of 100 KB',
    'POST',
    plus([
      ['X-Long', longText],
      ['X-Longer', longText],
    ]),
    false,
  );
  yield make(
    '400 headers',
    'POST',
    plus(Array.from({ length: 400 }, (_, n) => [`X-${n}`, '1'])),
    false,
  );
  const query = `${target}${target.includes('?') ? '&' : '?'}q=${longText}`;
  yield make('a query of 60 KB', 'POST', request('POST', query, lines, body), false);
  const chunked = requestHead('POST', target, [...lines, ['Transfer-Encoding', 'chunked']]);
  const chunks = [...body].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]));
  yield make(
    'one byte a chunk',
    'POST',
    Buffer.concat([Buffer.from(chunked, 'latin1'), ...chunks, Buffer.from('0\r\n\r\n')]),
    false,
  );
}
