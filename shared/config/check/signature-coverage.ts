import type { Problem } from '../../filters/condition.ts';
import { filterOf } from '../../filters/filter.ts';
import { takesFormsAlone } from '../../formats/body-formats.ts';
import { type JsonPath, parseJsonPath } from '../../json/json-path.ts';
import { morePlanOf } from '../../shape/more-columns.ts';
import { InvalidPlace, type Place, type Places, parseJoined } from '../../shape/places.ts';
import { type Plan, planOf } from '../../shape/plan.ts';
import {
  type Scheme,
  type SignatureScheme,
  signedReferences,
  signsForm,
  signsUrl,
} from '../../signatures/scheme.ts';
import type { Stream } from '../config.ts';
import type { JoinedPlaces } from '../event-shape.ts';

/**
 * Where a stream's filter looks at what the signature does not cover. Who has seen one signed delivery
 * may send it again with another header, and would pass, or hide, what the filter is there for.
 *
 * @param eventNamePlaces where the names of events stand
 */
export function unsignedFilters(
  stream: Stream,
  scheme: Scheme,
  eventNamePlaces: JoinedPlaces | undefined,
): Problem[] {
  const { named, fields } = filterOf(stream);
  const problems: Problem[] = [];
  if (named && eventNamePlaces === undefined) {
    problems.push({
      path: 'filter',
      message: 'names events, but this stream says no names: set event',
    });
  } else if (named && eventNamePlaces !== undefined) {
    const unsigned = placesIn(eventNamePlaces)
      .map((places) => findUnsigned(places, stream, scheme))
      .find((place) => place !== undefined);
    if (unsigned) problems.push({ path: 'filter', message: refusal(unsigned, stream) });
  }
  if (fields.length > 0 && stream.source === 'segmentstream') {
    problems.push({
      path: 'filter.where',
      message: 'finds no fields: segmentstream keeps bodies raw',
    });
    return problems;
  }
  for (const path of fields) {
    const place: Place = { of: 'event', path };
    if (findUnsigned([place], stream, scheme)) {
      problems.push({ path: 'filter.where', message: refusal(place, stream) });
      break;
    }
  }
  return problems;
}

/** Of a stream whose shape is wrong nothing more is said here. */
function placesIn(eventNamePlaces: JoinedPlaces): Places[] {
  try {
    return parseJoined(eventNamePlaces);
  } catch (error) {
    if (error instanceof InvalidPlace) return [];
    throw error;
  }
}

function refusal(place: Place, stream: Stream): string {
  if (place.of === 'header' || place.of === 'query') {
    return (
      `looks at the ${place.of} ${place.name}, which "${stream.scheme}" does not sign: whoever has seen a ` +
      'delivery could send it again under another name. Filter on the payload with where: ' +
      "{ field: '$.…' }, which is signed, or in a view of the table"
    );
  }
  return (
    `looks at what "${stream.scheme}" does not sign: whoever has seen a delivery could send it again ` +
    'with another content. Filter in a view of the table'
  );
}

/**
 * The first of a value's alternatives that the scheme's signature does not vouch for.
 *
 * Of a scheme whose headers have other names as well (Svix), those under the first are read where the delivery
 * carries any of them, and only else those under the next. So `header:svix-id | header:webhook-id` is what was
 * signed; alone, or first, `webhook-id` may be what somebody has added.
 */
function findUnsigned(places: Places, stream: Stream, scheme: Scheme): Place | undefined {
  // Who shows the secret itself vouches for all that comes with it.
  if ('at' in scheme) return undefined;
  return places.find((place, at) => {
    if (place.of === 'query') return !signsUrl(scheme);
    if (place.of === 'header') return !coversHeader(place.name, places.slice(0, at), scheme);
    return !('path' in place && (coversBody(stream, scheme) || coversPath(place, stream, scheme)));
  });
}

/** @param before the alternatives that count before this one */
function coversHeader(name: string, before: Places, scheme: SignatureScheme): boolean {
  if (signsHeader(name, scheme)) return true;
  const { otherwise } = scheme;
  const isReadFirst = before.some(
    (place) => place.of === 'header' && signsHeader(place.name, scheme),
  );
  return isReadFirst && otherwise !== undefined && coversHeader(name, before, otherwise);
}

function signsHeader(name: string, scheme: SignatureScheme): boolean {
  return signedReferences(scheme).some((at) => at.from === 'header' && at.name === name);
}

function coversBody(stream: Stream, scheme: SignatureScheme): boolean {
  if (scheme.signed.body || scheme.bodyDigest) return true;
  return takesFormsAlone(stream) && signsForm(scheme);
}

/** Some schemes sign a few fields of the body alone. */
function coversPath(
  place: Extract<Place, { path: JsonPath }>,
  stream: Stream,
  scheme: SignatureScheme,
): boolean {
  // Where these stand, the body itself says.
  if (scheme.formOrIn !== undefined) return false;
  const each = place.of === 'event' && stream.each ? parseJsonPath(stream.each) : undefined;
  // What stands in a line is no path of the body that a scheme could name.
  if (each?.ok === false) return false;
  const base = each ? [...each.path, null] : [];
  const wanted = [...base, ...place.path];
  const signedBase = scheme.each ? [...scheme.each, null] : [];
  return signedReferences(scheme).some((reference) => {
    if (reference.from !== 'json') return false;
    const signed = [...signedBase, ...reference.path];
    return signed.length === wanted.length && signed.every((step, at) => step === wanted[at]);
  });
}

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
