import type { ConditionName, Finding } from './conditions.ts';
import type { Facts } from './facts/facts.ts';
import type { StreamHistory } from './facts/read-history.ts';
import { freshnessKey } from './facts/read-ledger-facts.ts';
import { type AlertSettings, type ConditionSettings, settingsOf, spanText } from './settings.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A stream is as usual up to so many of its usual gaps, and this long at least. */
const usualGaps = 3;
const minSilenceMs = 30 * minuteMs;
/** Of a younger or rarer stream nobody knows what is usual. */
const minHistoryMs = 3 * dayMs;
const minHistoryMinutes = 20;
/** After a start or an outage, the last reports of the edge may still be on their way. */
const maxCatchUpMs = 5 * minuteMs;
const catchUpShare = 1 / 6;

/** Fewer rows say nothing about 5% of them. */
const minRowsForFreshness = 20;
const lateShare = 0.05;

/** Every condition that holds now, for the streams of the config. */
export function findAlerts(
  streams: Iterable<string>,
  facts: Facts,
  settings: AlertSettings,
): Finding[] {
  const found = [...streams].flatMap((stream) => {
    const own = settingsOf(settings, stream);
    return [
      deadLetters(stream, facts, own),
      freshness(stream, facts, own),
      silence(stream, facts, own),
      overflow(stream, facts, own),
      unauthorized(stream, facts, own),
    ].filter((finding) => finding !== undefined);
  });
  const unknown = deadLetters('', facts, settings.common);
  return [...(unknown ? [unknown] : []), ...refusedTables(facts, settings), ...found];
}

/** The conditions that these facts can show to be over. */
export function judged({ letters, ledger, history }: Facts): ReadonlySet<ConditionName> {
  return new Set<ConditionName>([
    'table-refused',
    ...(letters ? (['dead-letters'] as const) : []),
    ...(ledger ? (['freshness', 'overflow', 'unauthorized'] as const) : []),
    ...(ledger && history ? (['silence'] as const) : []),
  ]);
}

/** @param stream empty: of all streams that the config does not have */
function deadLetters(
  stream: string,
  { letters }: Facts,
  { deadLetters: bound, windowMs }: ConditionSettings,
): Finding | undefined {
  const found = letters?.get(windowMs)?.get(stream);
  if (bound === false || !found || found.count < bound) return undefined;
  const { count, reason, example } = found;
  const whose = stream === '' ? ' of streams that the config does not have' : '';
  return {
    condition: 'dead-letters',
    ...(stream !== '' && { stream }),
    reason: `${counted(count)}${whose} in ${spanText(windowMs)}, the newest because: ${reason}`,
    count,
    ...(example !== undefined && { example }),
  };
}

function refusedTables({ refusedMs }: Facts, settings: AlertSettings): Finding[] {
  return [...refusedMs].flatMap(([stream, forMs]) => {
    const { tableRefusedMs: bound } = settingsOf(settings, stream);
    if (bound === false || forMs < bound) return [];
    const reason = `it has refused all rows for ${spanText(bound)} or longer; they wait in Pub/Sub`;
    return [{ condition: 'table-refused' as const, stream, reason, count: 1 }];
  });
}

function freshness(
  stream: string,
  { ledger }: Facts,
  settings: ConditionSettings,
): Finding | undefined {
  const { freshnessMs, windowMs } = settings;
  const found = ledger?.get(stream)?.freshness.get(freshnessKey(settings));
  if (freshnessMs === false || !found) return undefined;
  const { rows, late } = found;
  if (rows < minRowsForFreshness || late / rows <= lateShare) return undefined;
  const reason = `${share(late, rows)} of ${counted(rows)} in ${spanText(windowMs)} became rows later than ${spanText(freshnessMs)}`;
  return { condition: 'freshness', stream, reason, count: late };
}

function silence(
  stream: string,
  { now, ledger, history, keptUpMs }: Facts,
  { silentAfterMs }: ConditionSettings,
): Finding | undefined {
  if (silentAfterMs === false || !ledger || !history) return undefined;
  const past = history.get(stream);
  const lastAt = Math.max(past?.lastAt ?? 0, ledger.get(stream)?.lastAt ?? 0);
  if (lastAt === 0) return undefined;
  const bound = silentAfterMs === 'learned' ? learnedSilence(past) : silentAfterMs;
  if (bound === undefined || keptUpMs < Math.min(maxCatchUpMs, bound * catchUpShare)) {
    return undefined;
  }
  // The minute may have ended with a delivery.
  const silentMs = now - lastAt - minuteMs;
  if (silentMs < bound) return undefined;
  const why = silentAfterMs === 'learned' ? `${spanText(bound)} is unusual here` : spanText(bound);
  const reason = `none since ${new Date(lastAt).toISOString().slice(0, 16)}Z (alert after ${why})`;
  return { condition: 'silence', stream, reason, count: 1 };
}

function learnedSilence(past: StreamHistory | undefined): number | undefined {
  if (!past || past.minutes < minHistoryMinutes) return undefined;
  if (past.lastAt - past.firstAt < minHistoryMs) return undefined;
  const usual = past.gapMs * usualGaps;
  // To the minute, so that it reads well.
  return Math.max(minSilenceMs, Math.ceil(usual / minuteMs) * minuteMs);
}

function overflow(
  stream: string,
  { ledger }: Facts,
  { overflow: bound, windowMs }: ConditionSettings,
): Finding | undefined {
  const count = ledger?.get(stream)?.counts.get(windowMs)?.overflow ?? 0;
  if (bound === false || count < bound) return undefined;
  const reason = `Pub/Sub did not take ${counted(count)} in ${spanText(windowMs)}; overflow keeps them`;
  return { condition: 'overflow', stream, reason, count };
}

function unauthorized(
  stream: string,
  { ledger }: Facts,
  { unauthorized: bound, unauthorizedCount, windowMs }: ConditionSettings,
): Finding | undefined {
  const counts = ledger?.get(stream)?.counts.get(windowMs);
  if (bound === false || !counts) return undefined;
  const { unauthorized: count, received } = counts;
  if (count < unauthorizedCount || count / received < bound) return undefined;
  const reason = `${share(count, received)} of ${counted(received, 'request')} in ${spanText(windowMs)}: a secret may have changed`;
  return { condition: 'unauthorized', stream, reason, count };
}

function counted(count: number, noun?: string): string {
  const word = noun ?? (count === 1 ? 'delivery' : 'deliveries');
  return `${count.toLocaleString('en-US')} ${noun && count !== 1 ? `${noun}s` : word}`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)}%`;
}
