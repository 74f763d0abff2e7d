import type { Fate } from './fate.ts';

/** What became of one event of a delivery; `event` is its index, where a delivery may hold several. */
export interface EventFate {
  event?: number;
  fate: Fate;
}

/** A reason is for a person to read. */
const maxReasons = 20;

/**
 * The fate of a delivery whose events went their own ways. While one is held the delivery is: it comes
 * again. Then one that is dead makes a dead letter of it, which says which and why.
 *
 * @param written how many more there are, all of them written
 */
export function deliveryFate(fates: readonly EventFate[], written = 0): Fate {
  const held = fates.find(({ fate }) => fate.kind === 'held');
  if (held) return held.fate;
  const dead = fates.flatMap(({ event, fate }) => (fate.kind === 'dead' ? [{ event, fate }] : []));
  const [first] = dead;
  if (!first) return { kind: 'written' };
  if (first.event === undefined) return first.fate;
  const told = dead.slice(0, maxReasons).map(({ event, fate }) => `event ${event}: ${fate.reason}`);
  const untold = dead.length - told.length;
  const reasons = [...told, ...(untold > 0 ? [`and ${untold} more`] : [])].join('; ');
  const rest = fates.length + written - dead.length;
  const reason = rest === 0 ? reasons : `${reasons} (the other ${rest} are written)`;
  return { ...first.fate, reason };
}

/** The events' next fates, where one of them was given back and may still be written. */
export function laterFates(fates: readonly EventFate[]): Promise<EventFate>[] | undefined {
  if (!fates.some(({ fate }) => fate.kind === 'held' && fate.later)) return undefined;
  return fates.map(async (known) => {
    const later = known.fate.kind === 'held' ? known.fate.later : undefined;
    return later ? { ...known, fate: await later } : known;
  });
}
