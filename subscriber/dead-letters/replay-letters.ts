import { setTimeout as sleep } from 'node:timers/promises';
import type { PubSub } from '@google-cloud/pubsub';
import {
  acceptedStreamAttribute,
  replayAttribute,
  replayedFromAttribute,
  replayedMessageAttribute,
} from '../../shared/envelope.ts';
import type { RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import type { WholeLetter } from './find-letters.ts';
import { replaysTable } from './replay-results.ts';

export interface ReplayCounts {
  published: number;
  /** By the result that the subscriber recorded: written, written in part, dead letter. */
  results: Record<string, number>;
}

export interface ReplayOptions extends RelaySource {
  pubsub: PubSub;
  /** Another stream to replay them into. */
  stream?: string;
  onProgress?: (counts: ReplayCounts) => void;
  /** How long to wait for results after the last one that came. */
  idleTimeoutMs: number;
  signal: AbortSignal;
}

const pollEveryMs = 500;
/** Letters in memory, which Pub/Sub has not confirmed: a body may have 10 MB. Pub/Sub takes 1,000 messages a request. */
const maxUnconfirmed = 1000;
const maxUnconfirmedBytes = 32 * 1024 * 1024;

/**
 * Publishes dead letters to the topic again, with their own delivery ids and times, and waits until the
 * subscriber has recorded what became of them. Stopped half-way and started again it goes on with those that
 * have no result: one that is replayed twice is one row in a table with a key, and in the view of unique rows.
 */
export async function replayLetters(
  letters: AsyncIterable<WholeLetter>,
  options: ReplayOptions,
): Promise<ReplayCounts> {
  const { relay, pubsub, signal, onProgress } = options;
  const counts: ReplayCounts = { published: 0, results: {} };
  const topic = pubsub.topic(relay.topic, { batching: { maxMessages: 500, maxMilliseconds: 20 } });
  const replays: string[] = [];
  let unconfirmed: Promise<unknown>[] = [];
  let bytes = 0;
  const confirm = async () => {
    await Promise.all(unconfirmed);
    counts.published += unconfirmed.length;
    unconfirmed = [];
    bytes = 0;
    onProgress?.(counts);
  };
  for await (const letter of letters) {
    if (signal.aborted) break;
    const attributes = replayAttributes(letter, options.stream);
    replays.push(`${letter.messageId}/${attributes[replayAttribute]}`);
    unconfirmed.push(topic.publishMessage({ data: letter.data, attributes }));
    bytes += letter.data.length;
    if (unconfirmed.length >= maxUnconfirmed || bytes >= maxUnconfirmedBytes) await confirm();
  }
  await confirm();
  await waitForResults(replays, counts, options);
  return counts;
}

function replayAttributes(letter: WholeLetter, stream: string | undefined) {
  const { [replayAttribute]: _, ...attributes } = letter.attributes;
  const { stream: before = '', [acceptedStreamAttribute]: accepted = before } = attributes;
  return {
    ...attributes,
    ...(stream !== undefined && { stream, [acceptedStreamAttribute]: accepted }),
    [replayedMessageAttribute]: letter.messageId,
    [replayedFromAttribute]: outcomeOf(letter),
    [replayAttribute]: String(replayOf(letter) + 1),
  };
}

function outcomeOf({ lastResult, writtenInPart }: WholeLetter): string {
  return lastResult ?? (writtenInPart ? 'written in part' : 'dead letter');
}

/** A letter of a replay goes on counting, so that the latest replay of a delivery is always the greatest. */
function replayOf({ attributes, replays }: WholeLetter): number {
  const before = Number(attributes[replayAttribute] ?? 0);
  return (Number.isSafeInteger(before) ? before : 0) + replays;
}

async function waitForResults(
  replays: readonly string[],
  counts: ReplayCounts,
  { bigquery, relay, idleTimeoutMs, signal, onProgress }: ReplayOptions,
): Promise<void> {
  const name = replaysTable(relay);
  const query = {
    query: `SELECT result, COUNT(DISTINCT message_id) AS n FROM \`${relay.project}.${name}\`
      WHERE CONCAT(message_id, '/', CAST(replay AS STRING)) IN UNNEST(@replays) GROUP BY result`,
    params: { replays: [...replays] },
    types: { replays: ['STRING'] },
    location: relay.location,
  };
  for (let changedAt = Date.now(); !signal.aborted; ) {
    if (sum(counts.results) >= replays.length || Date.now() - changedAt > idleTimeoutMs) return;
    await sleep(pollEveryMs, undefined, { signal }).catch(() => {});
    // The subscriber creates it for the first result.
    if (!(await tableExists(bigquery, name))) continue;
    const [rows] = (await bigquery.query(query)) as [{ result: string; n: number }[], unknown];
    const results = Object.fromEntries(rows.map(({ result, n }) => [result, Number(n)]));
    if (sum(results) !== sum(counts.results)) changedAt = Date.now();
    counts.results = results;
    onProgress?.(counts);
  }
}

function sum(results: Record<string, number>): number {
  return Object.values(results).reduce((total, n) => total + n, 0);
}
