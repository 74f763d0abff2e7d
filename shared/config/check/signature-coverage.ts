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
import { nameOf } from '../../signatures/schemes.ts';
import type { Stream } from '../config.ts';
import type { JoinedPlaces } from '../event-shape.ts';

/**
 * Where a stream's filter looks at values that the signature does not cover. Whoever has seen a signed delivery could
 * send it again with another header, and so make it pass the filter, or make the filter drop it.
 *
 * @param eventNamePlaces where an event's name stands
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
      message: 'names events, but this stream has no names: set event',
    });
  }
  if (fields.length > 0 && stream.source === 'segmentstream') {
    problems.push({
      path: 'filter.where',
      message: 'finds no fields: segmentstream keeps bodies raw',
    });
    return problems;
  }
  const unsigned = [
    ...(named ? unsignedNames(stream, scheme, eventNamePlaces) : []),
    ...unsignedFields(fields, stream, scheme),
  ];
  if (stream.filter?.unsigned !== true) return [...problems, ...unsigned];
  return unsigned.length > 0 ? problems : [...problems, needless];
}

const needless: Problem = {
  path: 'filter.unsigned',
  message: 'does nothing here: all that the filter looks at is signed. Remove it',
};

function unsignedNames(
  stream: Stream,
  scheme: Scheme,
  eventNamePlaces: JoinedPlaces | undefined,
): Problem[] {
  const unsigned = placesIn(eventNamePlaces ?? [])
    .map((places) => findUnsigned(places, stream, scheme))
    .find((place) => place !== undefined);
  return unsigned ? [{ path: 'filter', message: refusal(unsigned, stream) }] : [];
}

function unsignedFields(fields: readonly JsonPath[], stream: Stream, scheme: Scheme): Problem[] {
  const places = fields.map((path): Place => ({ of: 'event', path }));
  const unsigned = places.find((place) => findUnsigned([place], stream, scheme));
  return unsigned ? [{ path: 'filter.where', message: refusal(unsigned, stream) }] : [];
}

/** None where the text is wrong: that is reported elsewhere. */
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
      `looks at the ${place.of} ${place.name}, which ${nameOf(stream.scheme)} does not sign: whoever has seen a ` +
      'delivery could send it again under another name. Filter on the payload with where: ' +
      "{ field: '$.…' }, which is signed, or in a view of the table, or accept that with unsigned: true"
    );
  }
  return (
    `looks at what ${nameOf(stream.scheme)} does not sign: whoever has seen a delivery could send it again ` +
    'with another content. Filter in a view of the table, or accept that with unsigned: true'
  );
}

/**
 * The first of a value's alternatives that the scheme's signature does not vouch for.
 *
 * Some schemes have a second set of header names (Svix). It is read only for a delivery that carries none of the first
 * set. So `header:svix-id | header:webhook-id` is what was signed. `webhook-id` alone, or first, may be a header that
 * somebody added.
 */
function findUnsigned(places: Places, stream: Stream, scheme: Scheme): Place | undefined {
  // A sender that shows the secret vouches for the whole delivery.
  if ('at' in scheme) return undefined;
  return places.find((place, at) => {
    if (place.of === 'query') return !signsUrl(scheme);
    if (place.of === 'header') return !coversHeader(place.name, places.slice(0, at), scheme);
    return !('path' in place && (coversBody(stream, scheme) || coversPath(place, stream, scheme)));
  });
}

/** @param before the alternatives that are read before this one */
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

/** Some schemes sign only a few fields of the body. */
function coversPath(
  place: Extract<Place, { path: JsonPath }>,
  stream: Stream,
  scheme: SignatureScheme,
): boolean {
  // The body decides where these fields stand.
  if (scheme.formOrIn !== undefined) return false;
  const each = place.of === 'event' && stream.each ? parseJsonPath(stream.each) : undefined;
  // A scheme can't name a path within a line.
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
 * Columns of a stream's key that are not signed. A row replaces the row with the same key: whoever has seen one delivery
 * could send it with another key, and overwrite another row.
 */
export function unsignedKeys(stream: Stream, scheme: Scheme): Problem[] {
  // The other sources choose their own columns, which are covered.
  const plan = stream.source === 'generic' ? planOf(stream) : morePlanOf(stream);
  if (!plan || !stream.key) return [];
  return stream.key.flatMap((name, index) => {
    const from = plan.columns.find((column) => column.name === name)?.from ?? [];
    const message = problemOf(from, plan, stream, scheme);
    return message === undefined ? [] : [{ path: `key.${index}`, message: `"${name}" ${message}` }];
  });
}

function problemOf(from: Places, plan: Plan, stream: Stream, scheme: Scheme): string | undefined {
  // Alternatives are judged together: whether one is signed may depend on those before it.
  const stated = from.filter(({ of }) => of !== 'fact');
  const read = [stated, ...from.flatMap((place) => sourcesOf(place, plan))];
  if (read.flat().some(({ of }) => of === 'fact')) {
    return 'is new with every delivery, because this stream has no id: no duplicate would be recognised. Set id';
  }
  const unsigned = read
    .map((places) => findUnsigned(places, stream, scheme))
    .find((place) => place !== undefined);
  if (!unsigned) return undefined;
  const where = 'name' in unsigned ? `the ${unsigned.of} ${unsigned.name}` : 'a place';
  return (
    `comes from ${where}, which ${nameOf(stream.scheme)} does not sign: whoever has seen a delivery could send it ` +
    "under the key of another, and replace that one's row. Name columns of what is signed"
  );
}

/** The places that a fact is read from; the fact itself where the sender gives no id. Other facts are the relay's. */
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
