import type { SignedRequest } from '../../shared/signatures/request.ts';
import { newDeliveryId } from './delivery-id.ts';

/** One HTTP request from a sender, its body read. Times are in Unix milliseconds. */
export interface Delivery extends SignedRequest {
  id: string;
  receivedAt: number;
}

/** A request to a stream's endpoint, its body not read yet. */
export interface Arrival {
  /** UUIDv7: stamped before the first try to publish, so that every copy can be recognised. */
  id: string;
  /** Unix milliseconds. */
  receivedAt: number;
  request: Request;
  /** Of the request. To ask workerd for them costs each time, so that it is asked once. */
  method: string;
  headers: Headers;
  /** The segment of the path after the stream's name, as it was sent. */
  key: string | undefined;
  /** Path and query, as they were sent. */
  target: string;
  /** The edge as senders know it; empty where the config does not tell. */
  publicUrl: string;
}

export function arrive(
  request: Request,
  key: string | undefined,
  receivedAt: number,
  publicUrl: string,
): Arrival {
  const id = newDeliveryId(receivedAt);
  const { method, headers } = request;
  return { id, receivedAt, request, method, headers, key, target: targetOf(request), publicUrl };
}

export function receive(arrival: Arrival, body: Uint8Array<ArrayBuffer>): Delivery {
  const { id, receivedAt, method, headers, key, target, publicUrl } = arrival;
  return {
    id,
    receivedAt,
    method,
    url: publicUrl + target,
    headers,
    body,
    ...(key !== undefined && { key: decodeKey(key) }),
  };
}

/** Path and query as they were sent. Hono would decode them, and an encoded slash would become one. */
export function targetOf({ url }: Request): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  return start < 0 ? '/' : url.slice(start);
}

/** The path of a target. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

/** The segments of a path. One slash at its end changes nothing: some consoles add it, and some take it away. */
export function segmentsOf(path: string): string[] {
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  return path.slice(1, end).split('/');
}

/** The query of a target, without its question mark. */
export function queryOf(target: string): string {
  const start = target.indexOf('?');
  return start < 0 ? '' : target.slice(start + 1);
}

/**
 * A key may hold what a path can't (`/` in base64), and clients escape more than they must. The path
 * was split before, so that nothing that appears here can move a delivery to another endpoint.
 */
function decodeKey(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
