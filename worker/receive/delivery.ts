import type { SignedRequest } from '../../shared/signatures/request.ts';
import type { Facts } from '../outcome.ts';
import { newDeliveryId } from './delivery-id.ts';

/**
 * One HTTP request from a sender. The steps fill in what they learn: a copy at each step would cost more than a
 * signature.
 */
export interface Delivery extends SignedRequest {
  /** A UUIDv7, stamped before the first attempt to publish: it makes every duplicate recognisable. */
  readonly id: string;
  /** Unix milliseconds. */
  receivedAt: number;
  request: Request;
  /** The Content-Length; NaN if it is not a number. */
  declaredBytes: number | undefined;
  /** The query as it was sent, without its question mark. */
  query: string;
  /** What the log records of it: the secret that matched and the size of the body, once they are known. */
  facts: Facts;
}

const noBody = new Uint8Array(0);

class Arrived implements Delivery {
  readonly receivedAt: number;
  readonly request: Request;
  readonly method: string;
  readonly headers: Headers;
  readonly declaredBytes: number | undefined;
  readonly url: string;
  readonly query: string;
  body: Uint8Array<ArrayBuffer> = noBody;
  facts: Facts = {};
  key?: string;
  #id: string | undefined;

  constructor(request: Request, target: string, receivedAt: number, publicUrl: string) {
    this.receivedAt = receivedAt;
    this.request = request;
    // Each look at a property of a workerd request costs, so each is looked at once.
    this.method = request.method;
    this.headers = request.headers;
    this.declaredBytes = declaredLength(this.headers);
    this.url = publicUrl + target;
    this.query = queryOf(target);
  }

  /** Made when it is first needed: what is filtered needs none. */
  get id(): string {
    this.#id ??= newDeliveryId(this.receivedAt);
    return this.#id;
  }
}

/**
 * A request to a stream's endpoint, with its body still unread.
 *
 * @param target path and query as they were sent
 * @param key the segment after the stream's name
 */
export function arrive(
  request: Request,
  target: string,
  key: string | undefined,
  receivedAt: number,
  publicUrl: string,
): Delivery {
  const delivery = new Arrived(request, target, receivedAt, publicUrl);
  if (key !== undefined) delivery.key = decodeKey(key);
  return delivery;
}

/** Did a key or signature of the delivery match one of the stream's secrets? */
export function isVerified({ facts }: Delivery): boolean {
  return facts.secret !== undefined;
}

/** The length of the body by its Content-Length; undefined if there is none. */
export function declaredLength(headers: Headers): number | undefined {
  const text = headers.get('content-length');
  return text === null ? undefined : Number(text);
}

/** Path and query as they were sent: decoded, an encoded slash would become a slash. */
export function targetOf({ url }: Request): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  return start < 0 ? '/' : url.slice(start);
}

/** The path of a target. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

/** The segments of a path. A trailing slash is ignored: some consoles add one, others remove it. */
export function segmentsOf(path: string): string[] {
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  return path.slice(1, end).split('/');
}

function queryOf(target: string): string {
  const start = target.indexOf('?');
  return start < 0 ? '' : target.slice(start + 1);
}

/**
 * A key may contain characters that a path can't (`/` in base64), and clients escape more than they must. The
 * path is already split, so nothing that is decoded here can move a delivery to another endpoint.
 */
function decodeKey(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
