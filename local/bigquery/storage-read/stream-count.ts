import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { Refusal } from '../storage-write/refusals.ts';

type CreateRequest = protos.google.cloud.bigquery.storage.v1.ICreateReadSessionRequest;

/** https://cloud.google.com/bigquery/quotas#storage-limits */
const MAX_STREAMS = 1000;
const ROWS_PER_STREAM = 100_000;

/** The number of streams for a number of rows. Throws INVALID_ARGUMENT for counts that no session has. */
export function countStreams(request: CreateRequest): (rows: number) => number {
  const most = request.maxStreamCount ?? 0;
  const least = request.preferredMinStreamCount ?? 0;
  if (most < 0) throw invalid(`max_stream_count must not be negative: ${most}`);
  if (least < 0) throw invalid(`preferred_min_stream_count must not be negative: ${least}`);
  if (most > 0 && least > most) {
    throw invalid(
      `preferred_min_stream_count (${least}) must be less than or equal to max_stream_count (${most})`,
    );
  }
  const limit = most === 0 ? MAX_STREAMS : Math.min(most, MAX_STREAMS);
  return (rows) => {
    const wanted = Math.max(least, Math.ceil(rows / ROWS_PER_STREAM));
    // A session has a stream, also without rows; no stream of a session with rows is empty.
    return Math.max(1, Math.min(wanted, limit, rows));
  };
}

function invalid(message: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, `request failed: ${message}`);
}
