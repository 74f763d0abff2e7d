import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import type { RefusedDelivery } from '../../shared/report/refused.ts';
import { findLetters, type StoredLetter } from '../dead-letters/find-letters.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { readRefused } from '../refused/read-refused.ts';
import type { DeliveryInFlight } from '../service/health.ts';
import { askSubscriber } from './ask-subscriber.ts';
import type { SoughtId } from './delivery-id.ts';
import { type FoundRows, findRows, type SearchedTable } from './find-rows.ts';
import {
  type FoundReplay,
  findReplays,
  findSettled,
  type SettledDelivery,
} from './find-settled.ts';

/**
 * Where a delivery is. `settled`: nothing of it is in a table, and the ledger says why. `nowhere`: if the edge has
 * accepted it, it is in Pub/Sub or in overflow.
 */
type DeliveryState =
  | 'in flight'
  | 'row'
  | 'row in part'
  | 'dead letter'
  | 'settled'
  | 'refused'
  | 'nowhere';

export interface TracedDelivery {
  deliveryId: string;
  state: DeliveryState;
  /** ISO 8601, by the clock of the edge; absent for an event that was never delivered. */
  receivedAt?: string;
  /** As far as it is known. */
  stream?: string;
  refused: RefusedDelivery[];
  inFlight: DeliveryInFlight[];
  rows: FoundRows[];
  letters: StoredLetter[];
  replays: FoundReplay[];
  settled: SettledDelivery[];
  /** Of a delivery that is nowhere: what the ledger says of its minute. Absent while there is no ledger. */
  minute?: MinuteState[];
  /** Where was looked. */
  searched: SearchedTable[];
  subscribers: { url: string; problem?: string }[];
}

/** The deliveries of one stream that the edge received in a minute. */
interface MinuteState {
  stream: string;
  accepted: number;
  /** Accepted, and not arrived: in Pub/Sub, or in overflow. */
  remainder: number;
  overflow: number;
}

/** A beginning that several deliveries have. */
export interface SeveralDeliveries {
  deliveryIds: string[];
}

export interface TraceOptions {
  bigquery: BigQuery;
  relay: Relay;
  /** Only the table of this one. */
  stream?: RelayStream;
  /** Where subscribers answer health checks. */
  subscribers: readonly string[];
}

const maxLetters = 100;

/** Everything that is known of a delivery. A beginning of an id finds it only in tables, not in flight. */
export async function traceDelivery(
  id: SoughtId,
  options: TraceOptions,
): Promise<TracedDelivery | SeveralDeliveries> {
  const found = await findEverywhere(id, options);
  const ids = id.isWhole ? [id.text] : idsOf(found);
  const [only] = ids;
  if (ids.length > 1) return { deliveryIds: ids.toSorted() };
  const deliveryId = only ?? id.text;
  const asked =
    id.isWhole || only !== undefined
      ? await Promise.all(
          options.subscribers.map(async (url) => ({
            url,
            answer: await askSubscriber(url, deliveryId),
          })),
        )
      : [];
  const inFlight = asked.flatMap(({ answer }) =>
    answer.kind === 'in flight' ? [answer.delivery] : [],
  );
  const subscribers = asked.map(({ url, answer }) => ({
    url,
    ...(answer.kind === 'no answer' && { problem: answer.reason }),
  }));
  const stream = streamOf(found, inFlight);
  const receivedAt = receivedAtOf(deliveryId, id);
  const state = stateOf(found, inFlight);
  const minute = state === 'nowhere' ? await readMinute(id, options) : undefined;
  return {
    deliveryId,
    state,
    ...(receivedAt !== undefined && { receivedAt }),
    ...(stream !== undefined && { stream }),
    ...found,
    ...(minute && minute.length > 0 && { minute }),
    inFlight,
    subscribers,
  };
}

const minuteMs = 60_000;

/** Of the streams with accepted deliveries. Nothing is recounted: a trace only reads. */
async function readMinute({ time }: SoughtId, options: TraceOptions): Promise<MinuteState[]> {
  if (!time) return [];
  const since = Math.floor(time.from / minuteMs) * minuteMs;
  const { stream } = options;
  const lines = await readLedger(options, {
    ...{ since, until: time.to + minuteMs, recount: false },
    ...(stream && { stream: stream.name }),
  });
  return lines
    .filter(({ accepted }) => accepted > 0)
    .map(({ stream: name, accepted, remainder, overflow }) => ({
      ...{ stream: name, accepted, remainder, overflow },
    }));
}

type Found = Pick<
  TracedDelivery,
  'refused' | 'rows' | 'letters' | 'replays' | 'settled' | 'searched'
>;

async function findEverywhere(id: SoughtId, options: TraceOptions): Promise<Found> {
  const { relay, stream } = options;
  const streams = stream ? [stream] : [...relay.streams.values()];
  const [refused, { found: rows, searched }, letters, replays, settled] = await Promise.all([
    readRefused(options, { id: id.text, ...(id.time && { since: id.time.from }) }),
    findRows(options, streams, id),
    lettersOf(id, options),
    findReplays(options, id),
    findSettled(options, id),
  ]);
  return { refused, rows, letters, replays, settled, searched };
}

async function lettersOf(id: SoughtId, options: TraceOptions): Promise<StoredLetter[]> {
  const letters: StoredLetter[] = [];
  const filter = { ids: [id.text], all: true, limit: maxLetters };
  // Stored later than received, but by another clock.
  const since = id.time && { since: id.time.from - 3_600_000 };
  for await (const letter of findLetters(options, { ...filter, ...since })) {
    if (letter.deliveryId?.startsWith(id.text)) letters.push(letter);
  }
  return letters.reverse();
}

function idsOf({ refused, rows, letters, replays, settled }: Found): string[] {
  const all = [...refused, ...rows, ...letters, ...replays, ...settled];
  return [...new Set(all.flatMap(({ deliveryId }) => deliveryId ?? []))];
}

function streamOf(found: Found, inFlight: readonly DeliveryInFlight[]): string | undefined {
  const { rows, letters, settled, refused } = found;
  const all = [...inFlight, ...rows, ...letters, ...settled, ...refused];
  return all.find(({ stream }) => stream)?.stream ?? undefined;
}

function stateOf(found: Found, inFlight: readonly DeliveryInFlight[]): DeliveryState {
  const { rows, letters, settled, refused } = found;
  if (inFlight.length > 0) return 'in flight';
  const open = letters.filter(({ lastResult }) => lastResult === null);
  if (open.some(({ writtenInPart }) => !writtenInPart)) return 'dead letter';
  if (open.length > 0) return 'row in part';
  if (rows.length > 0) return 'row';
  if (settled.length > 0) return 'settled';
  if (letters.length > 0) return 'dead letter';
  return refused.length > 0 ? 'refused' : 'nowhere';
}

/** Of the time in a UUIDv7. */
function receivedAtOf(deliveryId: string, { time }: SoughtId): string | undefined {
  if (!time) return undefined;
  const stamp = Number.parseInt(deliveryId.replace('-', '').slice(0, 12).padEnd(12, '0'), 16);
  return new Date(stamp).toISOString();
}
