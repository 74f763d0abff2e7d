import type { ValueNote } from '../../shared/shape/map-columns.ts';
import type { Fate, Loss } from './fate.ts';

/** What notes say of a row, as one loss: what the table lacks of the event. */
export function lossOf(notes: readonly ValueNote[]): Loss {
  return mergeLosses(
    notes.map(({ column, reason }) => ({ column, reason: `${column} ${reason}` })),
  );
}

/** Several losses as one. A reason is for a person to read. */
export function mergeLosses(losses: readonly Loss[]): Loss {
  const columns = new Set(losses.flatMap(({ column }) => (column === undefined ? [] : [column])));
  const reason = losses.map((loss) => loss.reason).join('; ');
  return { reason, ...(columns.size > 0 && { column: [...columns].join(', ') }) };
}

/** The fate of a row that lacks this, now or later; told before what it lacks by itself. */
export async function lacking(loss: Loss, fate: Fate | Promise<Fate>): Promise<Fate> {
  return withLoss(loss, await fate);
}

export function withLoss(loss: Loss, fate: Fate): Fate {
  if (fate.kind === 'held') {
    return fate.later ? { ...fate, later: lacking(loss, fate.later) } : fate;
  }
  if (fate.kind !== 'written') return fate;
  return { kind: 'written', lacks: fate.lacks ? mergeLosses([loss, fate.lacks]) : loss };
}
