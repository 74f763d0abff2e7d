import type { ColumnType } from '../../shared/columns.ts';
import type { Stream } from '../../shared/config/config.ts';
import type { TimeUnit } from '../../shared/config/event-shape.ts';
import { takesNoJson } from '../../shared/formats/body-formats.ts';
import type { JsonPath } from '../../shared/json/json-path.ts';
import type { Place, Places } from '../../shared/shape/places.ts';
import { planOf } from '../../shared/shape/plan.ts';

/** A body with one event for a `generic` stream, with a value at each path that the stream reads. `now` is in Unix ms. */
export function sampleBody(stream: Stream, now: number): string {
  const plan = planOf(stream);
  const filled: [Places, unknown][] = [
    ...plan.event.map((places): [Places, unknown] => [places, 'test']),
    ...plan.id.map((places): [Places, unknown] => [places, 'evt_1']),
    [plan.time, timeAs(plan.timeUnit, now)],
    ...plan.columns.map(({ from, type, unit }): [Places, unknown] => [
      from,
      cellFor(type, unit, now),
    ]),
  ];
  let event: unknown;
  let body: unknown;
  for (const [[place], value] of filled) {
    if (isPath(place, 'event')) event = withValue(event, place.path, value);
    if (isPath(place, 'body')) body = withValue(body, place.path, value);
  }
  event ??= { id: 'evt_1', type: 'test' };
  if (takesNoJson(stream)) return new URLSearchParams(event as Record<string, string>).toString();
  return JSON.stringify(plan.each ? withValue(body, plan.each, event) : event);
}

/** Whether the place is a path inside the event or body, and not the whole of it. */
function isPath<Of extends 'event' | 'body'>(
  place: Place | undefined,
  of: Of,
): place is Extract<Place, { path: JsonPath }> {
  return place !== undefined && place.of === of && 'path' in place && place.path.length > 0;
}

/** Adds a value at a path, with missing parents. Existing values stay. For an array, the first item is used. */
function withValue(node: unknown, path: JsonPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return node ?? value;
  if (typeof step === 'string') {
    if (node !== undefined && !isObject(node)) return node;
    return { ...node, [step]: withValue(node?.[step], rest, value) };
  }
  if (node !== undefined && !Array.isArray(node)) return node;
  const items: unknown[] = [...(node ?? [])];
  items[step ?? 0] = withValue(items[step ?? 0], rest, value);
  return items;
}

function isObject(node: unknown): node is Record<string, unknown> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

function cellFor(type: ColumnType, unit: TimeUnit | undefined, now: number): unknown {
  const iso = new Date(now).toISOString();
  switch (type) {
    case 'STRING':
      return 'test';
    case 'BOOL':
      return true;
    case 'JSON':
      return {};
    case 'TIMESTAMP':
      return timeAs(unit, now);
    case 'DATE':
      return iso.slice(0, 10);
    case 'DATETIME':
      return iso.slice(0, 23);
    case 'TIME':
      return iso.slice(11, 23);
    default:
      return 1;
  }
}

function timeAs(unit: TimeUnit | undefined, now: number): unknown {
  if (unit === 's') return Math.floor(now / 1000);
  return unit === 'ms' ? now : new Date(now).toISOString();
}
