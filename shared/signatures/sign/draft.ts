import { formMembers } from '../../formats/form.ts';
import { readJsonText } from '../../json/json-body.ts';
import { setMember } from '../../json/json-edit.ts';
import { findValues } from '../../json/json-path.ts';
import { type Bytes, encode, toBytes } from '../bytes.ts';
import { objectIn, type Reference, readReference } from '../content/reference.ts';
import { sortedForm } from '../content/sorted-form.ts';
import type { Signable } from '../content/template.ts';
import type { SignedRequest } from '../request.ts';
import type { SignatureScheme } from '../scheme.ts';
import { writeTimestamp } from '../timestamp.ts';

/** What a sender adds to a request. `url` and `body` are set only if the scheme changes them. */
export interface SignedParts {
  headers: Record<string, string>;
  url?: string;
  body?: Bytes;
}

/** A request while it is being signed, with what the scheme has added so far. */
export class Draft {
  readonly #request: Omit<SignedRequest, 'key'>;
  readonly #headers: Headers;
  readonly #added: Record<string, string> = {};
  readonly #items: string[] = [];
  readonly #within: readonly string[];
  #url: string;
  #body: Bytes;

  constructor(
    request: Omit<SignedRequest, 'key'>,
    { formOrIn }: Pick<SignatureScheme, 'formOrIn'>,
  ) {
    this.#request = request;
    this.#within = formOrIn === undefined ? [] : [formOrIn];
    this.#headers = new Headers(request.headers);
    this.#url = request.url;
    this.#body = request.body;
  }

  /** The address of a certificate that the sender could have. */
  addCertificate({ certificate }: SignatureScheme): void {
    if (!certificate || readReference(certificate.url, this.signable()) !== undefined) return;
    this.#add(certificate.url, `https://api.${certificate.host}${certificate.path}CERT-0`);
  }

  addTime(scheme: SignatureScheme, now: number): void {
    if (!scheme.timestamp) return;
    const { at, unit } = scheme.timestamp;
    const text = writeTimestamp(now, unit);
    if (at.from === 'json') {
      const [written] = findValues(this.#inner(), at.path) ?? [];
      const isText = unit === 'iso' || written?.startsWith('"');
      this.#set(at.path, isText ? JSON.stringify(text) : text);
    } else {
      this.#add(at, text);
    }
  }

  /** Gives every signed header and JSON field that the request lacks a random value. */
  addMissing(scheme: SignatureScheme): void {
    for (const part of [...scheme.signed.before, ...scheme.signed.after]) {
      if (!('reference' in part) || part.optional || scheme.each) continue;
      const { reference } = part;
      const isMissing = readReference(reference, this.signable()) === undefined;
      if (isMissing) this.#add(reference, crypto.randomUUID());
    }
  }

  async addDigest(scheme: SignatureScheme): Promise<void> {
    if (!scheme.bodyDigest) return;
    const digest = await crypto.subtle.digest('SHA-256', this.#body);
    this.#add(scheme.bodyDigest, encode(new Uint8Array(digest), 'hex'));
  }

  /** What is signed: each item of the scheme's array, as raw JSON; or undefined once, for the body. */
  items({ each }: SignatureScheme): readonly (string | undefined)[] {
    return each ? this.#itemsAt(each) : [undefined];
  }

  /** @param secret what is signed of it, if it is */
  signable(item?: string, secret?: string): Signable {
    const { method } = this.#request;
    return {
      method,
      url: this.#url,
      headers: this.#headers,
      items: this.#items,
      body: this.#body,
      json: () => item ?? this.#inner(),
      form: () => sortedForm(this.#body),
      ...(secret !== undefined && { secret }),
    };
  }

  /**
   * @param index of the item, if there are several
   * @param keyName what stands before the signature in its item, if the scheme wants a name there
   */
  addSignature(
    { signature: [at], separator, tag, after, each }: SignatureScheme,
    index: number,
    signature: string,
    keyName = 'key',
  ): void {
    const signed = tag + (after === undefined ? '' : keyName + after) + signature;
    if (at?.from === 'json' && each) {
      const items = this.#itemsAt(each);
      items[index] = setMember(items[index] ?? '', at.path, JSON.stringify(signed));
      this.#set(each, `[${items.join(',')}]`);
    } else if (at?.from === 'json') {
      this.#set(at.path, JSON.stringify(signed));
    } else if (at) {
      this.#add(at, [...this.#items, signed].join(separator ?? ''));
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
      case 'claim':
        throw new TypeError('only a JWT has claims');
      case 'json':
        this.#set(at.path, JSON.stringify(text));
    }
  }

  #itemsAt(path: readonly string[]): string[] {
    const [array] = findValues(this.#text(), path) ?? [];
    if (!array?.startsWith('[')) throw new TypeError('the body lacks the array that is signed');
    return findValues(array, [null]) ?? [];
  }

  #text(): string {
    const reading = readJsonText(this.#body);
    if (reading.ok) return reading.text;
    throw new TypeError(`the body, in which something is signed, is ${reading.problem}`);
  }

  #inner(): string {
    if (this.#isForm()) return formMembers(new TextDecoder().decode(this.#body)).toJson();
    return this.#within.reduce(objectIn, this.#text());
  }

  /** Only the schemes that may have forms ask. */
  #isForm(): boolean {
    const type = this.#headers.get('content-type') ?? '';
    return this.#within.length > 0 && type.startsWith('application/x-www-form-urlencoded');
  }

  #set(path: readonly string[], raw: string): void {
    if (this.#isForm()) {
      const fields = new URLSearchParams(new TextDecoder().decode(this.#body));
      fields.set(path.join('.'), JSON.parse(raw));
      this.#body = toBytes(fields.toString());
      return;
    }
    this.#body = toBytes(setMember(this.#text(), [...this.#within, ...path], raw));
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
