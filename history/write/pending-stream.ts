import { setTimeout as sleep } from 'node:timers/promises';
import { protos } from '@google-cloud/bigquery-storage';
import { RelayError } from '../../shared/errors.ts';
import { backoffMs } from '../../subscriber/bigquery/append/backoff.ts';
import { judge } from '../../subscriber/bigquery/append/verdict.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import { type Patience, writeError } from './retry-policy.ts';

const { StorageErrorCode } = protos.google.cloud.bigquery.storage.v1.StorageError;

/**
 * Makes a PENDING stream, whose rows nobody sees until it is committed.
 *
 * @param table `projects/…/datasets/…/tables/…`
 * @param signal ends it: what was asked for may be made, and is never used
 * @returns the stream's name
 * @throws RelayError `bigquery.stream`
 */
export async function createStream(
  client: WriteClient,
  table: string,
  patience: Patience,
  signal: AbortSignal,
): Promise<string> {
  const create = () =>
    client.createWriteStream({ parent: table, writeStream: { type: 'PENDING' } }, noRetries);
  const [{ name }] = await withPatience(table, patience, create, signal);
  if (!name) throw new RelayError('bigquery.stream', 'a stream without a name');
  return name;
}

/**
 * Closes the stream to further rows.
 *
 * @returns how many rows it has
 * @throws RelayError `bigquery.stream`
 */
export async function finalizeStream(
  client: WriteClient,
  table: string,
  name: string,
  patience: Patience,
): Promise<number> {
  const [{ rowCount }] = await withPatience(table, patience, () =>
    client.finalizeWriteStream({ name }, noRetries),
  );
  return Number(rowCount ?? 0);
}

/**
 * Makes the rows of a finalized stream visible, all at once.
 *
 * @throws RelayError `bigquery.stream` that nothing is visible of; `bigquery.commit` with the reason
 */
export async function commitStream(
  client: WriteClient,
  table: string,
  name: string,
  patience: Patience,
): Promise<void> {
  const [{ streamErrors }] = await withPatience(table, patience, () =>
    client.batchCommitWriteStreams({ parent: table, writeStreams: [name] }, noRetries),
  );
  // Committed by a try whose answer was lost.
  const errors = (streamErrors ?? []).filter(({ code }) => !isCommitted(code));
  if (errors.length === 0) return;
  const reasons = errors.map(({ errorMessage }) => errorMessage).join('; ');
  throw new RelayError('bigquery.commit', `the rows were not committed: ${reasons}`);
}

function isCommitted(code: unknown): boolean {
  const committed = StorageErrorCode.STREAM_ALREADY_COMMITTED;
  return code === committed || code === StorageErrorCode[committed];
}

/** The package would try again by rules of its own. */
const noRetries = { retry: null, timeout: 60_000 };

async function withPatience<Result>(
  table: string,
  { ms, setupMs, random }: Patience,
  call: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const begun = Date.now();
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (cause) {
      const { code = 2, message } = cause as Error & { code?: number };
      const verdict = judge({ kind: 'lost', code, message, alone: true }, 0);
      const reaction = verdict.kind === 'failed' ? verdict.failure.reaction : 'invalid';
      const waitMs = backoffMs(reaction, tries, random);
      const isOver = Date.now() - begun + waitMs > (reaction === 'setup' ? setupMs : ms);
      if (reaction === 'invalid' || isOver) {
        throw writeError('bigquery.stream', table, { reaction, message });
      }
      await sleep(waitMs, undefined, signal && { signal }).catch(() => {});
      signal?.throwIfAborted();
    }
  }
}
