import { type Bytes, toBytes } from './bytes.ts';
import { encode } from './encoding.ts';
import { type Reference, readPath, readReference } from './reference.ts';
import type { SignedRequest } from './request.ts';
import type { SignatureScheme } from './scheme.ts';
import type { Signable } from './template.ts';
import { writeTimestamp } from './timestamp.ts';

/** What a sender adds to a request. `url` and `body` are there only where the scheme changes them. */
export interface SignedParts {
  headers: Record<string, string>;
  url?: string;
  body?: Bytes;
}

type Json = Record<string, unknown>;

/** A request while it is being signed: what was asked for, and what the scheme has added so far. */
export class Draft {
  readonly #request: Omit<SignedRequest, 'key'>;
  readonly #headers: Headers;
  readonly #added: Record<string, string> = {};
  readonly #items: string[] = [];
  #url: string;
  #body: Bytes;
  #json: { root: unknown } | undefined;

  constructor(request: Omit<SignedRequest, 'key'>) {
    this.#request = request;
    this.#headers = new Headers(request.headers);
    this.#url = request.url;
    this.#body = request.body;
  }

  addTime(scheme: SignatureScheme, now: number): void {
    if (!scheme.timestamp) return;
    const { at, unit } = scheme.timestamp;
    const text = writeTimestamp(now, unit);
    if (at.from === 'json') {
      const written = readPath(this.#root(), at.path);
      this.#set(at.path, typeof written === 'string' || unit === 'iso' ? text : Number(text));
    } else {
      this.#add(at, text);
    }
  }

  /** Gives every signed header and JSON field that the request lacks a random value. */
  addMissing(scheme: SignatureScheme): void {
    for (const part of [...scheme.signed.before, ...scheme.signed.after]) {
      if (!('reference' in part) || part.optional || scheme.each) continue;
      const { reference } = part;
      const from = this.signable(reference.from === 'json' ? this.#root() : undefined);
      if (readReference(reference, from) === undefined) this.#add(reference, crypto.randomUUID());
    }
  }

  async addDigest(scheme: SignatureScheme): Promise<void> {
    if (!scheme.bodyDigest) return;
    const digest = await crypto.subtle.digest('SHA-256', this.#body);
    this.#add(scheme.bodyDigest, encode(new Uint8Array(digest), 'hex'));
  }

  /** What is signed: once each item of the scheme's array, or the body as a whole. */
  roots(scheme: SignatureScheme): readonly unknown[] {
    if (!scheme.each) return [this.#json?.root];
    const roots = readPath(this.#root(), scheme.each);
    if (!Array.isArray(roots)) throw new TypeError('the body lacks the array that is signed');
    return roots;
  }

  signable(root: unknown): Signable {
    const { method } = this.#request;
    return {
      method,
      url: this.#url,
      headers: this.#headers,
      items: this.#items,
      body: this.#body,
      json: () => root,
    };
  }

  addSignature(scheme: SignatureScheme, root: unknown, signature: string): void {
    const [at] = scheme.signature;
    const item = scheme.tag + signature;
    if (at?.from === 'json') {
      setPath(root, at.path, item);
      this.#write();
    } else if (at) {
      this.#add(at, [...this.#items, item].join(scheme.separator ?? ''));
    }
  }

  parts(): SignedParts {
    return {
      headers: this.#added,
      ...(this.#url === this.#request.url ? {} : { url: this.#url }),
      ...(this.#body === this.#request.body ? {} : { body: this.#body }),
    };
  }

  #add(at: Reference, text: string): void {
    switch (at.from) {
      case 'header':
        this.#headers.set(at.name, text);
        this.#added[at.name] = text;
        break;
      case 'item':
        this.#items.push(at.name + text);
        break;
      case 'query':
        this.#url = withQuery(this.#url, at.name, text);
        break;
      case 'json':
        this.#set(at.path, text);
    }
  }

  #root(): unknown {
    this.#json ??= { root: JSON.parse(new TextDecoder().decode(this.#body)) };
    return this.#json.root;
  }

  #set(path: readonly string[], value: unknown): void {
    setPath(this.#root(), path, value);
    this.#write();
  }

  #write(): void {
    this.#body = toBytes(JSON.stringify(this.#json?.root));
  }
}

/** The URL with one parameter set, at its end; the others stay as they are written. */
function withQuery(url: string, name: string, value: string): string {
  const [path = '', ...query] = url.split('?');
  const others = query
    .join('?')
    .split('&')
    .filter((pair) => pair && !pair.startsWith(`${name}=`));
  return `${path}?${[...others, `${name}=${encodeURIComponent(value)}`].join('&')}`;
}

function setPath(root: unknown, path: readonly string[], value: unknown): void {
  let object = asObject(root);
  for (const name of path.slice(0, -1)) {
    object[name] ??= {};
    object = asObject(object[name]);
  }
  const last = path.at(-1);
  if (last !== undefined) object[last] = value;
}

function asObject(value: unknown): Json {
  if (typeof value === 'object' && value !== null) return value as Json;
  throw new TypeError('the body lacks the object that is signed');
}
