import type { JoinedPlaces, ValuePlace } from '../config/event-shape.ts';
import type { SentBody } from '../formats/body-formats.ts';
import { formMembers } from '../formats/form.ts';
import type { Members } from '../formats/members.ts';
import type { LossTest } from '../formats/replaced.ts';
import { isAbsent, scalarText } from '../json/json-members.ts';
import { findValues, type JsonPath, parseJsonPath } from '../json/json-path.ts';

const eventFacts = ['id', 'name', 'time', 'index'] as const;
const deliveryFacts = ['id', 'received_at', 'content_type'] as const;

type EventFact = (typeof eventFacts)[number];
type DeliveryFact = (typeof deliveryFacts)[number];

/** A place that a value is read from. */
export type Place =
  | { of: 'event' | 'body'; path: JsonPath }
  | { of: 'header' | 'query'; name: string }
  | { of: 'fact'; fact: Fact };

/** Alternatives: the first that has a value counts. */
export type Places = readonly Place[];

/** Values by name: `event:id`. */
export type Facts = Partial<Record<Fact, string>>;

type Fact = `event:${EventFact}` | `delivery:${DeliveryFact}`;

/** What values are read from. */
export interface EventContext {
  /** Raw JSON text of the event and of the body around it. */
  event: string;
  body: string;
  /** The value of `$`, if members are read from a reduced `event` (see events.ts). */
  sent?: string | undefined;
  header: (name: string) => string | undefined;
  query: QueryReader;
  /** Undefined at the edge, which makes no rows. */
  isLossy?: LossTest;
  facts?: Facts;
}

/** Credentials must not end in a table. */
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** @throws InvalidPlace if the text is not a place */
export function parsePlaces(text: ValuePlace): Places {
  const known = typeof text === 'string' ? text : '';
  return known.split(' | ').map((alternative) => parsePlace(alternative.trim()));
}

export function parseJoined(from: JoinedPlaces): Places[] {
  return [from].flat().map(parsePlaces);
}

/** The text is not a place. The message says why, about the option. */
export class InvalidPlace extends Error {}

function parsePlace(text: string): Place {
  if (text.startsWith('$')) return { of: 'event', path: parseSingle(text) };
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case 'body':
      return { of: 'body', path: parseSingle(rest) };
    case 'header':
      return { of: 'header', name: parseHeader(rest) };
    case 'query':
      if (rest === '') throw new InvalidPlace('names nothing of the query');
      return { of: 'query', name: rest };
    case 'event':
      return { of: 'fact', fact: `event:${oneOf(eventFacts, rest)}` };
    case 'delivery':
      return { of: 'fact', fact: `delivery:${oneOf(deliveryFacts, rest)}` };
    default:
      throw new InvalidPlace(
        'names no place: there are $.path, body:$.path, header:…, query:…, event:… and delivery:…',
      );
  }
}

function parseSingle(text: string): JsonPath {
  const reading = parseJsonPath(text);
  if (!reading.ok) {
    throw new InvalidPlace(
      `is no path, at character ${reading.at + 1} of ${text}: ${reading.reason}`,
    );
  }
  if (reading.path.includes(null)) {
    throw new InvalidPlace('names many values with []: name one, as in [0]');
  }
  return reading.path;
}

/** RFC 9110, section 5.1: a token; its case does not count. */
function parseHeader(text: string): string {
  const name = text.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~\da-z-]{1,200}$/.test(name)) throw new InvalidPlace('names no header');
  if (secretHeaders.has(name)) throw new InvalidPlace(`reads ${name}, which holds credentials`);
  return name;
}

function oneOf<Fact extends string>(facts: readonly Fact[], text: string): Fact {
  const fact = facts.find((known) => known === text);
  if (fact === undefined) throw new InvalidPlace(`"${text}" is none of ${facts.join(', ')}`);
  return fact;
}

/** The value as raw JSON text; undefined if no alternative has one. */
export function readRaw(places: Places, context: EventContext): string | undefined {
  for (const place of places) {
    const raw = rawAt(place, context);
    if (!isAbsent(raw)) return raw;
  }
  return undefined;
}

function rawAt(place: Place, context: EventContext): string | undefined {
  if ('path' in place) {
    if (place.path.length === 0 && context.sent !== undefined) return context.sent;
    return findValues(context[place.of], place.path)?.[0];
  }
  if (place.of === 'query') return context.query(place.name);
  const text = 'fact' in place ? context.facts?.[place.fact] : context.header(place.name);
  return text === undefined ? undefined : JSON.stringify(text);
}

/** The values joined by dots; undefined if the first is missing, or is an object or an array. */
export function readJoined(parts: readonly Places[], context: EventContext): string | undefined {
  const texts: string[] = [];
  for (const places of parts) {
    const raw = readRaw(places, context);
    const text = raw === undefined ? undefined : scalarText(raw);
    if (text !== undefined) texts.push(text);
    else if (texts.length === 0) return undefined;
  }
  return texts.length === 0 ? undefined : texts.join('.');
}

/** The value of a name in a delivery's query, as raw JSON. Several values are an array. */
export type QueryReader = (name: string) => string | undefined;

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Parses the query at the first call. The body of a GET is its query. */
export function queryReader(sent: SentBody & { query?: string | undefined }): QueryReader {
  let members: Members | undefined;
  return (name) => {
    members ??= formMembers(sent.method === 'GET' ? decoder.decode(sent.body) : (sent.query ?? ''));
    const values = members.valuesOf(name);
    return values.length > 1 ? `[${values.join(',')}]` : values[0];
  };
}
