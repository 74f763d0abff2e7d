import type { Stream } from './config.ts';
import { isCovered } from './coverage.ts';
import type { Problem } from './filters/condition.ts';
import type { Place, Places } from './shape/from.ts';
import { morePlanOf } from './shape/more-columns.ts';
import { type Plan, planOf } from './shape/plan.ts';
import type { Scheme } from './signatures/scheme.ts';

/**
 * Columns of a stream's key that tell rows apart only as long as nobody minds: a row replaces the one with its
 * key, so that what is not signed lets whoever has seen one delivery write over another's row.
 */
export function unsignedKeys(stream: Stream, scheme: Scheme): Problem[] {
  // A source's own columns it vouches for itself.
  const plan = stream.source === 'generic' ? planOf(stream) : morePlanOf(stream);
  if (!plan || !stream.key) return [];
  return stream.key.flatMap((name, index) => {
    const from = plan.columns.find((column) => column.name === name)?.from ?? [];
    const message = problemOf(from, plan, stream, scheme);
    return message === undefined ? [] : [{ path: `key.${index}`, message: `"${name}" ${message}` }];
  });
}

function problemOf(from: Places, plan: Plan, stream: Stream, scheme: Scheme): string | undefined {
  const places = from.flatMap((place) => sourcesOf(place, plan));
  if (places.some(({ of }) => of === 'fact')) {
    return 'is new with every delivery, as this stream says no id: no copy would ever be known. Set id';
  }
  const unsigned = places.find((place) => !isCovered(place, stream, scheme));
  if (!unsigned) return undefined;
  const where = 'name' in unsigned ? `the ${unsigned.of} ${unsigned.name}` : 'a place';
  return (
    `comes from ${where}, which "${stream.scheme}" does not sign: whoever has seen a delivery could send it ` +
    "under the key of another, and replace that one's row. Name columns of what is signed"
  );
}

/** What a column reads in the end; the fact itself where the sender says no id. Other facts are the relay's own. */
function sourcesOf(place: Place, { id, event, time }: Plan): readonly Place[] {
  if (place.of !== 'fact') return [place];
  switch (place.fact) {
    case 'event:id':
      return id.length === 0 ? [place] : id.flat();
    case 'event:name':
      return event.flat();
    case 'event:time':
      return time;
    default:
      return [];
  }
}
