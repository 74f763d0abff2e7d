import type { Encoding } from './bytes.ts';
import type { ReferenceText } from './content/reference.ts';
import type { UrlWriting } from './content/signed-url.ts';
import type { CertificatePlace, KeyFormat, SignatureScheme, Timestamp } from './scheme.ts';

/** What may stand between braces in `signed`. */
type SignedName =
  | 'body'
  | 'url'
  | 'method'
  | 'form.sorted'
  | 'secret'
  | 'crc32'
  | ReferenceText
  | `${ReferenceText}?`;

/** `Text`, or never if a name between its braces is not known. */
type SignedText<
  Text extends string,
  Rest extends string = Text,
> = Rest extends `${string}{${infer Name}}${infer More}`
  ? Name extends SignedName
    ? SignedText<Text, More>
    : never
  : Text;

/** How a sender signs. Left out, an option is what most senders do. */
export interface SignatureSpec<Signed extends string = string> {
  /**
   * Where the signature stands: a header (`header:…`), a field of the JSON body (`json:a.b`), or a list of places, one
   * of which is enough.
   * @example signature: 'header:x-acme-signature'
   */
  signature: ReferenceText | readonly ReferenceText[];
  /**
   * What separates several signatures, or a signature and its time, in one header. By default the value is one item.
   * @example separator: ','
   */
  separator?: string;
  /**
   * What the signature, or its item of the list, begins with. It is not part of the signature. By default nothing.
   * @example tag: 'sha256='
   */
  tag?: string;
  /**
   * The signature is what follows this text in its item, as in `key|signature`.
   * @example after: '|'
   */
  after?: string;
  /**
   * How the signature is written: `hex`, `base64` or `base64url`. By default hex for `hmac` and `ed25519`, and base64
   * for `ecdsa` and `rsa`.
   * @example encoding: 'base64'
   */
  encoding?: Encoding;
  /**
   * How the secret is read as a key: `utf8` (the text itself, the default of `hmac`), `hex`, `base64`, `whsec` (base64
   * after the prefix `whsec_`) or `public-key` (the default of the others).
   * @example key: 'hex'
   */
  key?: KeyFormat;
  /**
   * What is signed, as a template: `{body}` is the body byte for byte, `{url}` the public URL, `{method}`,
   * `{form.sorted}` the fields of a form in order, `{header:x-name}` a header, `{item:t=}` an item of the signature's
   * list, `{json:a.b}` a field of the JSON body. A `?` before the brace marks what may be missing. By default `{body}`.
   * @example signed: '{header:x-acme-time}.{body}'
   */
  signed?: Signed & SignedText<Signed>;
  /**
   * How the sender writes the URL that it signs: `as-sent` (the default), `hubspot` or `twilio`.
   * @example url: 'as-sent'
   */
  url?: UrlWriting;
  /**
   * Where the signed time stands (`at`), its `unit` (`s`, `ms` or `iso`), and how old it may be (`toleranceS`, in
   * seconds; by default any age). The time must be part of what is signed. `replayWindow` of the stream overrides the age.
   * @example timestamp: { at: 'json:sent_at', unit: 'iso', toleranceS: 300 }
   */
  timestamp?: TimestampSpec;
  /**
   * Where the SHA-256 of the body stands in hex, for a sender that signs the hash and not the body.
   * @example bodyDigest: 'query:bodySHA256'
   */
  bodyDigest?: ReferenceText;
  /**
   * An array in the JSON body whose items are signed one by one. `json:` then begins in the item.
   * @example each: 'notifications'
   */
  each?: string;
  /**
   * The body may also be a form. In a JSON body, `json:` begins in the object of this name, and in a form at the top.
   * @example formOrIn: 'signature'
   */
  formOrIn?: string;
}

interface TimestampSpec {
  at: ReferenceText;
  unit: Timestamp['unit'];
  toleranceS?: number;
}

/** What only rows of the table have. */
export interface RowSpec<Signed extends string = string> extends SignatureSpec<Signed> {
  otherwise?: SignatureScheme;
  certificate?: Omit<CertificatePlace, 'url'> & { url: ReferenceText };
}

/** How a sender signs with a JWT whose claims hold hashes of the request. */
export interface JwtSpec {
  /**
   * Where the token stands.
   * @example signature: 'header:acme-signature-jwt'
   */
  signature: ReferenceText;
  /**
   * What stands before the token. By default nothing.
   * @example tag: 'Bearer '
   */
  tag?: string;
  /**
   * The claim with the SHA-256 of the body, in hex. A delivery without a body may lack it.
   * @example bodyHash: 'payload_hash'
   */
  bodyHash: string;
  /**
   * The claim with the SHA-256 of the public URL, in hex. By default the URL is not checked.
   * @example urlHash: 'url_hash'
   */
  urlHash?: string;
  /**
   * What the claim `iss` must be. By default anything.
   * @example issuer: 'acme'
   */
  issuer?: string;
  /**
   * How old the token may be, in seconds, by its claim `nbf` or `iat`. By default its claims `exp` and `nbf` decide,
   * with a minute to spare. `replayWindow` of the stream overrides the age.
   * @example timestamp: { at: 'claim:iat', unit: 's', toleranceS: 300 }
   */
  timestamp?: TimestampSpec;
  /**
   * How the secret is read as a key: as in `hmac`. By default `utf8` for HS256 and HS512, and `public-key` for the
   * others.
   * @example key: 'base64'
   */
  key?: KeyFormat;
}
