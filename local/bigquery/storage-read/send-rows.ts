import { once } from 'node:events';
import type { protos } from '@google-cloud/bigquery-storage';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import { Refusal, toRefusal } from '../storage-write/refusals.ts';
import type { OpenStream, ReadSessions } from './read-sessions.ts';

type Request = protos.google.cloud.bigquery.storage.v1.IReadRowsRequest;
type Response = protos.google.cloud.bigquery.storage.v1.IReadRowsResponse;
type Call = ServerWritableStream<Request, Response>;

/** Answers ReadRows: page by page, as fast as the client takes them. */
export async function sendRows(sessions: ReadSessions, call: Call): Promise<void> {
  let open: OpenStream | undefined;
  try {
    open = sessions.open(call.request.readStream ?? '');
    await send(call, open, startOf(call.request, open));
    call.end();
  } catch (cause) {
    if (!call.cancelled) call.emit('error', toRefusal(cause).toCallStatus());
  } finally {
    open?.done();
  }
}

async function send(call: Call, { stream, rows, format }: OpenStream, first: number) {
  const progress = (at: number) =>
    stream.end === stream.start ? 1 : (at - stream.start) / (stream.end - stream.start);
  for (let at = first; at < stream.end && !call.cancelled; ) {
    const { columns, count } = await rows.read(at, stream.end);
    const response: Response = {
      ...format.encode(columns, count),
      rowCount: count,
      stats: { progress: { atResponseStart: progress(at), atResponseEnd: progress(at + count) } },
      throttleState: { throttlePercent: 0 },
      // The schema is in the first response only.
      ...(at === first && format.schema),
    };
    at += count;
    if (!call.write(response)) await drained(call);
  }
}

/** Resolves when the client can take more, or has gone. */
async function drained(call: Call): Promise<void> {
  if (call.cancelled) return;
  const gone = new AbortController();
  const stop = () => gone.abort();
  call.once('cancelled', stop);
  try {
    await once(call, 'drain', { signal: gone.signal });
  } catch (cause) {
    if (!gone.signal.aborted) throw cause;
  } finally {
    call.off('cancelled', stop);
  }
}

/** The row of the session with which to begin. Throws INVALID_ARGUMENT and OUT_OF_RANGE. */
function startOf({ offset, readStream }: Request, { stream }: OpenStream): number {
  const skipped = Number(offset ?? 0);
  const size = stream.end - stream.start;
  if (skipped < 0) {
    throw new Refusal(status.INVALID_ARGUMENT, `request failed: negative offset: ${skipped}`);
  }
  if (skipped > size) {
    throw new Refusal(
      status.OUT_OF_RANGE,
      `there was an error operating on '${readStream}': the offset ${skipped} is beyond the ${size} rows of the stream`,
    );
  }
  return stream.start + skipped;
}
