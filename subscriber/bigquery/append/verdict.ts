import { protos } from '@google-cloud/bigquery-storage';
import type { Reaction } from '../../../shared/errors.ts';
import type { AppendResponse, Reply } from './connection.ts';
import { reactionTo } from './reaction.ts';

const { StorageError } = protos.google.cloud.bigquery.storage.v1;
const STORAGE_ERROR_URL = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';

/** Why an append was not taken, though its rows may be good. */
export interface WriteFailure {
  reaction: Reaction;
  /** gRPC status code. */
  code: number;
  message: string;
}

/** What a reply says about the rows of its request. */
export type Verdict =
  | { kind: 'written' }
  /** These rows are bad; the others were not written with them. */
  | { kind: 'bad-rows'; reasons: ReadonlyMap<number, string> }
  /** Refused for its content, and no row named. */
  | { kind: 'refused'; failure: WriteFailure }
  /** Refused, perhaps for another request of the same stream: to be sent alone. */
  | { kind: 'suspected'; failure: WriteFailure }
  | { kind: 'failed'; failure: WriteFailure };

/** @param rowCount how many rows the request held */
export function judge(reply: Reply, rowCount: number): Verdict {
  if (reply.kind === 'answered') return judgeResponse(reply.response, rowCount);
  const failure = fail(reply.code, reply.message);
  if (failure.reaction !== 'invalid') return { kind: 'failed', failure };
  return { kind: reply.alone ? 'refused' : 'suspected', failure };
}

function judgeResponse(response: AppendResponse, rowCount: number): Verdict {
  const reasons = rowReasons(response, rowCount);
  if (reasons.size > 0) return { kind: 'bad-rows', reasons };
  const { error } = response;
  if (!error?.code) return { kind: 'written' };
  const failure = fail(error.code, error.message ?? '');
  if (failure.reaction !== 'invalid') return { kind: 'failed', failure };
  // The service says that the table, not a row, is at odds with the request.
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

/** 0 where the bytes are none of these errors: what the service adds to a refusal must not end the append. */
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
