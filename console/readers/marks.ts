import type { Relay } from '../../shared/config/config.ts';
import { morePlanOf } from '../../shared/shape/more-columns.ts';
import type { Places } from '../../shared/shape/places.ts';
import { planOf } from '../../shared/shape/plan.ts';

type Mark = (string | number | null)[];

/**
 * Where the value of a column stands in the JSON body of a delivery, by the stream's mapping; null is any index. A
 * column that the mapping does not describe is looked for by its name.
 */
export function marksOf(relay: Relay, streamName: string | null, column: string | null): Mark[] {
  if (column === null) return [];
  const stream = relay.streams.get(streamName ?? '');
  // The column of a dead letter may be a path: `items[0].price`.
  const [name = column] = column.split(/[.[]/);
  const plan = stream && (stream.source === 'generic' ? planOf(stream) : morePlanOf(stream));
  const events: Mark = (plan?.each ?? []).map((step) => step as string | number | null);
  const found = plan?.columns.find((one) => one.name === name);
  const marks = found ? marksOfPlaces(found.from, events) : [];
  return marks.length > 0 ? marks : [[...events, name]];
}

function marksOfPlaces(places: Places, events: Mark): Mark[] {
  return places.flatMap((place) => {
    if (!('path' in place)) return [];
    const path = place.path.map((step) => step as string | number | null);
    return [place.of === 'body' ? path : [...events, ...path]];
  });
}
