import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { BigQuery } from '@google-cloud/bigquery';
import { clientOf } from './bigquery-client.ts';
import { startSenderBed } from './sender-bed.ts';

/**
 * What the server does instead of accepting a request. It keeps `take` bytes of the body. With `early` it answers or
 * cuts the connection before it reads more of the body.
 */
export type Fault =
  | { kind: 'status'; status: number; take?: number; early?: true; body?: string }
  | { kind: 'cut'; take?: number; early?: true };

export interface UploadBed {
  bigquery: BigQuery;
  /** All bytes of a finished upload; undefined until then. */
  uploaded(): Buffer | undefined;
  /** The requests: `POST`, or the `Content-Range` of a PUT. */
  exchanges: string[];
  job(): unknown;
}

/** Reads this many bytes and leaves the rest unread. */
async function beginning(request: IncomingMessage, bytes = 0): Promise<Buffer> {
  const read: Buffer[] = [];
  for (let length = 0; length < bytes; ) {
    const chunk: Buffer | null = request.read();
    if (chunk) length += read.push(chunk) && chunk.length;
    else await once(request, 'readable');
  }
  return Buffer.concat(read);
}

/**
 * The upload part of Google's API as documented, with faults by the number of the request.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads
 */
export async function startUploadBed(faults: Record<number, Fault>): Promise<UploadBed> {
  const exchanges: string[] = [];
  let kept = Buffer.alloc(0);
  let job: unknown;
  let ended = false;

  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const number = exchanges.length;
    const range = String(request.headers['content-range'] ?? request.method);
    exchanges.push(range);
    const fault = faults[number];
    const body = fault?.early ? await beginning(request, fault.take) : await buffer(request);
    if (request.method === 'PUT') {
      const [, first] = /^bytes (\d+)-/.exec(range) ?? [];
      if (first !== undefined && Number(first) !== kept.length)
        return response.writeHead(500).end();
      kept = Buffer.concat([kept, body.subarray(0, fault ? (fault.take ?? 0) : body.length)]);
    }
    if (fault?.kind === 'cut') return response.destroy();
    if (fault) return response.writeHead(fault.status).end(fault.body ?? '');
    if (request.method === 'POST') {
      job = JSON.parse(body.toString());
      return response.writeHead(200, { Location: `${sender.url}/session` }).end();
    }
    const [, total] = /\/(\d+)$/.exec(range) ?? [];
    ended = kept.length === Number(total);
    if (ended) return response.writeHead(200).end(JSON.stringify(job));
    const have = kept.length > 0 ? { Range: `bytes=0-${kept.length - 1}` } : {};
    return response.writeHead(308, have).end();
  };
  const sender = await startSenderBed((request, response) => void take(request, response));
  const bigquery = clientOf(sender.url);
  return { bigquery, uploaded: () => (ended ? kept : undefined), exchanges, job: () => job };
}
