import { protos } from '@google-cloud/bigquery-storage';
import type { Reaction } from '../../../shared/errors.ts';
import { reactionTo } from './backoff.ts';
import type { AppendResponse, Reply } from './connection.ts';

const { StorageError } = protos.google.cloud.bigquery.storage.v1;
const STORAGE_ERROR_URL = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';

/** Why an append failed, although its rows may be good. */
export interface WriteFailure {
  reaction: Reaction;
  /** gRPC status code. */
  code: number;
  message: string;
}

/** What a reply means for the rows of its request. */
export type ReplyClass =
  | { kind: 'written' }
  /** These rows are bad; the others were not written with them. */
  | { kind: 'bad-rows'; reasons: ReadonlyMap<number, string> }
  /** Refused for its content, without naming a row. */
  | { kind: 'refused'; failure: WriteFailure }
  /** Refused, perhaps because of another request on the same stream: to be sent alone. */
  | { kind: 'suspected'; failure: WriteFailure }
  | { kind: 'failed'; failure: WriteFailure };

/** @param rowCount how many rows the request held */
export function classifyReply(reply: Reply, rowCount: number): ReplyClass {
  if (reply.kind === 'answered') return classifyResponse(reply.response, rowCount);
  const failure = fail(reply.code, reply.message);
  if (failure.reaction !== 'invalid') return { kind: 'failed', failure };
  if (reply.isAboutTable) return { kind: 'failed', failure: { ...failure, reaction: 'setup' } };
  return { kind: reply.alone ? 'refused' : 'suspected', failure };
}

function classifyResponse(response: AppendResponse, rowCount: number): ReplyClass {
  const reasons = rowReasons(response, rowCount);
  if (reasons.size > 0) return { kind: 'bad-rows', reasons };
  const { error } = response;
  if (!error?.code) return { kind: 'written' };
  const failure = fail(error.code, error.message ?? '');
  if (failure.reaction !== 'invalid') return { kind: 'failed', failure };
  // A storage error is about the table, not about a row.
  if (hasStorageError(error)) return { kind: 'failed', failure: { ...failure, reaction: 'setup' } };
  return { kind: 'refused', failure };
}

function rowReasons(response: AppendResponse, rowCount: number): Map<number, string> {
  const reasons = new Map<number, string>();
  for (const { index, message } of response.rowErrors ?? []) {
    const position = Number(index ?? 0);
    if (position < rowCount) reasons.set(position, message ?? 'refused by BigQuery');
  }
  return reasons;
}

function hasStorageError(status: protos.google.rpc.IStatus): boolean {
  return (status.details ?? []).some((detail) => {
    if (detail.type_url !== STORAGE_ERROR_URL || !(detail.value instanceof Uint8Array))
      return false;
    return codeIn(detail.value) !== 0;
  });
}

/** 0 if the bytes are not such an error: unknown details of a refusal must not end the append. */
function codeIn(details: Uint8Array): number {
  try {
    return StorageError.decode(details).code as number;
  } catch {
    return 0;
  }
}

function fail(code: number, message: string): WriteFailure {
  return { reaction: reactionTo(code), code, message };
}
