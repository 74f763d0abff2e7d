import type { Problem } from '../filters/condition.ts';
import type { Place, Places } from '../shape/from.ts';
import { morePlanOf } from '../shape/more-columns.ts';
import { type Plan, planOf } from '../shape/plan.ts';
import type { Scheme } from '../signatures/scheme.ts';
import type { Stream } from './config.ts';
import { findUnsigned } from './coverage.ts';

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
  // Alternatives are judged together: which is signed may hang on those before it.
  const stated = from.filter(({ of }) => of !== 'fact');
  const read = [stated, ...from.flatMap((place) => sourcesOf(place, plan))];
  if (read.flat().some(({ of }) => of === 'fact')) {
    return 'is new with every delivery, as this stream says no id: no copy would ever be known. Set id';
  }
  const unsigned = read
    .map((places) => findUnsigned(places, stream, scheme))
    .find((place) => place !== undefined);
  if (!unsigned) return undefined;
  const where = 'name' in unsigned ? `the ${unsigned.of} ${unsigned.name}` : 'a place';
  return (
    `comes from ${where}, which "${stream.scheme}" does not sign: whoever has seen a delivery could send it ` +
    "under the key of another, and replace that one's row. Name columns of what is signed"
  );
}

/** What a fact reads in the end; the fact itself where the sender says no id. Other facts are the relay's own. */
function sourcesOf(place: Place, { id, event, time }: Plan): readonly Places[] {
  if (place.of !== 'fact') return [];
  switch (place.fact) {
    case 'event:id':
      return id.length === 0 ? [[place]] : id;
    case 'event:name':
      return event;
    case 'event:time':
      return [time];
    default:
      return [];
  }
}
