import { isAbsent, scalarText } from '../../json/json-members.ts';
import { findValues } from '../../json/json-path.ts';

/**
 * Where a value stands in a delivery, as it is written in a scheme:
 * `header:x-id`; `item:t=`, the item of the signature header's list that begins with `t=`;
 * `json:a.b`, a scalar of the JSON body; `query:name`, of the public URL; `claim:name`, of a JWT.
 */
export type ReferenceText =
  | `header:${string}`
  | `item:${string}`
  | `json:${string}`
  | `query:${string}`
  | `claim:${string}`;

export type Reference =
  | { from: 'header' | 'item' | 'query' | 'claim'; name: string }
  | { from: 'json'; path: readonly string[] };

/**
 * What a reference is read from. `json` gives the body as JSON text, undefined where it is not JSON; `claims` gives the
 * payload of the JWT.
 */
export interface Readable {
  headers: Headers;
  url: string;
  items: readonly string[];
  json: () => string | undefined;
  claims?: string;
}

/** @throws TypeError if `text` is not a reference: a mistake in a scheme, found when it is built */
export function parseReference(text: string): Reference {
  const colon = text.indexOf(':');
  const from = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (name === '') throw notReference(text);
  switch (from) {
    case 'header':
      return { from, name: name.toLowerCase() };
    case 'item':
    case 'query':
    case 'claim':
      return { from, name };
    case 'json':
      return { from, path: name.split('.') };
    default:
      throw notReference(text);
  }
}

function notReference(text: string): TypeError {
  return new TypeError(
    `"${text}" is not a reference: write header:…, item:…, json:…, query:… or claim:…`,
  );
}

/** The value as text, or undefined if the delivery lacks it. */
export function readReference(reference: Reference, from: Readable): string | undefined {
  switch (reference.from) {
    case 'header':
      return from.headers.get(reference.name) ?? undefined;
    case 'item':
      return from.items
        .find((item) => item.startsWith(reference.name))
        ?.slice(reference.name.length);
    case 'query':
      return readQuery(from.url, reference.name);
    case 'json':
      return readScalar(from.json(), reference.path);
    case 'claim':
      return readScalar(from.claims, [reference.name]);
  }
}

/**
 * Uses the reader of filters and rows. Another reader might choose another of several members with the same name: then
 * the verified value would not be the relayed one.
 */
function readScalar(text: string | undefined, path: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const [raw] = findValues(text, path) ?? [];
  return isAbsent(raw) ? undefined : scalarText(raw);
}

/** The member of that name if it is an object; otherwise the whole text. */
export function objectIn(text: string, name: string): string {
  const [inner] = findValues(text, [name]) ?? [];
  return inner?.startsWith('{') ? inner : text;
}

function readQuery(url: string, name: string): string | undefined {
  const start = url.indexOf('?');
  if (start < 0) return undefined;
  return new URLSearchParams(url.slice(start + 1)).get(name) ?? undefined;
}
