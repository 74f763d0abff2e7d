import type { ColumnType } from '../../shared/columns.ts';
import type { Stream } from '../../shared/config/config.ts';
import type { TimeUnit } from '../../shared/config/event-shape.ts';
import { takesNoJson } from '../../shared/formats/body-formats.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import { findValues, type JsonPath } from '../../shared/json/json-path.ts';
import { morePlanOf } from '../../shared/shape/more-columns.ts';
import { type Place, type Places, readRaw } from '../../shared/shape/places.ts';
import { type Plan, planOf } from '../../shared/shape/plan.ts';
import type { Moment } from './senders/sample.ts';

/** A delivery while it is made: its body as JSON text, and its headers by lower-case name. */
export interface JsonSample {
  json: string;
  headers: Record<string, string>;
}

/** A delivery with one event, for a stream whose sender has no sample. */
export function emptySample(stream: Stream): JsonSample {
  const { each } = planOf(stream);
  return { json: each?.[0] === null ? '[]' : '{}', headers: {} };
}

/**
 * The sample with a value wherever the stream reads one and the sample has none. A value that is there stays.
 *
 * @param event the name for an event without one
 */
export function fillSample(
  sample: JsonSample,
  stream: Stream,
  at: Moment,
  event = 'test',
): JsonSample {
  const plan = stream.source === 'generic' ? planOf(stream) : morePlanOf(stream);
  if (!plan) return sample;
  const wanted: [Places, unknown][] = [
    ...plan.event.map((places): [Places, unknown] => [places, event]),
    ...plan.id.map((places): [Places, unknown] => [places, at.id('evt_')]),
    [plan.time, timeAs(plan.timeUnit, at)],
    ...plan.columns.map(({ from, type, unit }): [Places, unknown] => [
      from,
      cellFor(type, unit, at),
    ]),
  ];
  let filled = sample;
  for (const path of eventPaths(sample.json, plan)) {
    for (const [places, value] of wanted) filled = fill(filled, path, places, value);
    // The stream reads nothing of its events.
    if ((findValues(filled.json, path)?.[0] ?? '{}') === '{}') {
      const json = setMember(filled.json, path, JSON.stringify({ id: at.id('evt_'), type: event }));
      filled = { ...filled, json };
    }
  }
  return filled;
}

/** Whether the stream takes forms, and so no JSON. */
export function takesForm(stream: Stream): boolean {
  return stream.source === 'generic' && takesNoJson(stream);
}

/** Where the events of a body stand; one at least. */
function eventPaths(json: string, { each = [] }: Plan): JsonPath[] {
  const place = each.map((step) => step ?? 0);
  if (each.filter((step) => step === null).length !== 1 || each.at(-1) !== null) return [place];
  const count = findValues(json, each)?.length ?? 0;
  return Array.from({ length: Math.max(count, 1) }, (_, index) => [...place.slice(0, -1), index]);
}

/** Where none of the alternatives has a value, the first that can be set gets one. */
function fill(
  { json, headers }: JsonSample,
  path: JsonPath,
  places: Places,
  value: unknown,
): JsonSample {
  // The relay itself has a value.
  if (places.some(({ of }) => of === 'fact')) return { json, headers };
  const [event = 'null'] = findValues(json, path) ?? [];
  const context = {
    event,
    body: json,
    header: (name: string) => headers[name],
    // The URL is not part of a sample.
    query: () => undefined,
  };
  if (readRaw(places, context) !== undefined) return { json, headers };
  const place = places.find(isSettable);
  if (place?.of === 'header') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return { json, headers: { ...headers, [place.name]: text } };
  }
  if (!place || !('path' in place)) return { json, headers };
  const target = place.of === 'body' ? place.path : [...path, ...place.path];
  try {
    return { json: setMember(json, target, JSON.stringify(value)), headers };
  } catch (error) {
    // Something else stands there: the sample goes without.
    if (error instanceof TypeError) return { json, headers };
    throw error;
  }
}

/** The whole event is there anyway. */
function isSettable(place: Place): boolean {
  return place.of === 'header' || ('path' in place && place.path.length > 0);
}

function cellFor(type: ColumnType, unit: TimeUnit | undefined, at: Moment): unknown {
  switch (type) {
    case 'STRING':
      return 'test';
    case 'BOOL':
      return true;
    case 'JSON':
      return {};
    case 'TIMESTAMP':
      return timeAs(unit, at);
    case 'DATE':
      return at.iso.slice(0, 10);
    case 'DATETIME':
      return at.iso.slice(0, 23);
    case 'TIME':
      return at.iso.slice(11, 23);
    default:
      return 1;
  }
}

function timeAs(unit: TimeUnit | undefined, { now, seconds, iso }: Moment): unknown {
  switch (unit) {
    case 's':
      return seconds;
    case 'ms':
      return now;
    case 'us':
      return now * 1000;
    case 'ns':
      return `${now}000000`;
    default:
      return iso;
  }
}
