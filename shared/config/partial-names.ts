import type { Problem } from '../filters/condition.ts';
import { filterOf } from '../filters/filter.ts';
import { planOf } from '../shape/plan.ts';
import type { Stream } from './config.ts';

/**
 * A filter on names, where the name is that of one item of an array (`$.changes[0].field`). An event whose
 * other items are wanted would be dropped for its first.
 */
export function partialNames(stream: Stream): Problem[] {
  if (!filterOf(stream).named) return [];
  const places = planOf(stream).event.flat();
  const isPartial = places.some(
    (place) => 'path' in place && place.path.some((step) => typeof step === 'number'),
  );
  if (!isPartial) return [];
  const all = String(stream.event).replaceAll(/\[\d+\]/g, '[]');
  const message =
    `sees the name of one item (${stream.event}) and would drop what others hold: filter with ` +
    `where: { field: '${all}', … }, which passes if any of them does`;
  return [{ path: 'filter', message }];
}
