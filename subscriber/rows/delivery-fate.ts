import type { Fate, Loss } from './fate.ts';
import { mergeLosses } from './written-in-part.ts';

/** What became of one event of a delivery; `event` is its index, where a delivery may hold several. */
export interface EventFate {
  event?: number;
  fate: Fate;
}

/** A reason is for a person to read. */
const maxReasons = 20;

/**
 * The fate of a delivery whose events went their own ways. While one is held the delivery is: it comes
 * again. Then one that is dead makes a dead letter of it, which says which and why; so it does of those that are
 * written and lack something, and where there are no others the delivery is written, in part.
 *
 * @param written how many more there are, all of them written whole
 */
export function deliveryFate(fates: readonly EventFate[], written = 0): Fate {
  const held = fates.find(({ fate }) => fate.kind === 'held');
  if (held) return held.fate;
  const losses = fates.flatMap(lossesOf);
  const [first] = losses;
  if (!first) return { kind: 'written' };
  const dead = fates.filter(({ fate }) => fate.kind === 'dead').length;
  const rest = fates.length + written - dead;
  if (fates.length === 1 && first.event === undefined) return fateOf(first, dead);
  const told = losses.slice(0, maxReasons).map(({ event, reason, ...loss }) => ({
    ...loss,
    reason: event === undefined ? reason : `event ${event}: ${reason}`,
  }));
  const untold = losses.length - told.length;
  if (untold > 0) told.push({ reason: `and ${untold} more` });
  const { reason, ...loss } = mergeLosses(told);
  const others = dead > 0 && rest > 0 ? ` (the other ${rest} are written)` : '';
  return fateOf({ ...loss, reason: reason + others }, dead);
}

function lossesOf({ event, fate }: EventFate): (Loss & { event?: number })[] {
  const place = event !== undefined && { event };
  if (fate.kind === 'dead') {
    const { reason, column } = fate;
    return [{ ...place, reason, ...(column !== undefined && { column }) }];
  }
  return fate.kind === 'written' && fate.lacks ? [{ ...place, ...fate.lacks }] : [];
}

/** @param dead how many events of the delivery are */
function fateOf(loss: Loss, dead: number): Fate {
  return dead > 0 ? { kind: 'dead', ...loss } : { kind: 'written', lacks: loss };
}

/** The events' next fates, where one of them was given back and may still be written. */
export function laterFates(fates: readonly EventFate[]): Promise<EventFate>[] | undefined {
  if (!fates.some(({ fate }) => fate.kind === 'held' && fate.later)) return undefined;
  return fates.map(async (known) => {
    const later = known.fate.kind === 'held' ? known.fate.later : undefined;
    return later ? { ...known, fate: await later } : known;
  });
}
