import type { Bytes } from './bytes.ts';
/** A delivery as its signature sees it. */
export interface SignedRequest {
  method: string;
  /**
   * The endpoint's public URL as it is configured, character for character, with the query as
   * received. Its host and path never come from the request: proxies rewrite them.
   */
  url: string;
  headers: Headers;
  /** The body as received: not decoded, not trimmed. */
  body: Bytes;
  /** The last segment of the path, for the scheme `endpoint-key`. */
  key?: string;
}
