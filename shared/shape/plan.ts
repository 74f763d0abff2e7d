import type { Column } from '../columns.ts';
import type { Stream } from '../config/config.ts';
import {
  type ColumnShape,
  defaultColumns,
  type TimeUnit,
  type ValuePlace,
} from '../config/event-shape.ts';
import type { Problem } from '../filters/condition.ts';
import { type CompiledFilter, filterOf } from '../filters/filter.ts';
import { type BodyFormat, formatsOf } from '../formats/body-formats.ts';
import { type JsonPath, parseJsonPath } from '../json/json-path.ts';
import { signsForm, vouchesForQuery } from '../signatures/scheme.ts';
import { schemeOf } from '../signatures/schemes.ts';
import { InvalidPlace, type Places, parseJoined, parsePlaces } from './places.ts';

interface ColumnPlan extends Column {
  from: Places;
  unit?: TimeUnit;
  required: boolean;
  /** If its value does not fit, the event becomes a dead letter. */
  mustFit: boolean;
  /** The same if U+FFFD would replace part of its value. */
  mustBeWhole: boolean;
}

/** A stream's shape and filter, compiled. */
export interface Plan {
  formats: readonly BodyFormat[];
  takesJson: boolean;
  each?: JsonPath;
  /** Whether the query is read as the body of a delivery without a body. */
  takesQuery: boolean;
  /** Whether the signature covers each value of a form once, even if it is repeated. */
  signsDistinct: boolean;
  /** Whether events are lines. */
  lines: boolean;
  /** Whether a body that is not an array is one event. */
  isLoneTaken: boolean;
  event: readonly Places[];
  id: readonly Places[];
  time: Places;
  timeUnit: TimeUnit;
  columns: readonly ColumnPlan[];
  filter: CompiledFilter;
  /** Lower-case names of the headers that must travel to the subscriber. */
  headers: readonly string[];
  /** Paths of the event that the edge needs to decide. */
  needs: readonly JsonPath[];
  /** Of the shape. The filter has its own. */
  problems: readonly Problem[];
}

const types = new Set<string>(
  'STRING INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL TIMESTAMP DATE DATETIME TIME JSON'.split(' '),
);
/** Pub/Sub allows 100 attributes, and some are the relay's own. */
const maxHeaders = 50;

const plans = new WeakMap<Stream, Plan>();

/** Compiled once for each stream. */
export function planOf(stream: Stream): Plan {
  const known = plans.get(stream);
  if (known) return known;
  const plan = makePlan(stream);
  plans.set(stream, plan);
  return plan;
}

/** Collects the problems, with a fallback for each part that can't be read. */
class Reader {
  readonly problems: Problem[] = [];

  read<Value>(path: string, fallback: Value, parse: () => Value): Value {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof InvalidPlace)) throw error;
      this.add(path, error.message);
      return fallback;
    }
  }

  add(path: string, message: string): void {
    this.problems.push({ path, message });
  }
}

function makePlan(stream: Stream): Plan {
  const reader = new Reader();
  const each = stream.each === undefined ? undefined : readEach(stream.each, reader);
  const { from, unit } = timeOf(stream);
  const event = reader.read('event', [], () => parseJoined(stream.event ?? []));
  const id = reader.read('id', [], () => parseJoined(stream.id ?? []));
  const time = reader.read('time', [], () => (from === undefined ? [] : parsePlaces(from)));
  const columns = Object.entries(columnShapes(stream)).map(([name, shape]) =>
    planColumn(name, shape, stream, reader),
  );
  const filter = filterOf(stream);
  const headers = headersOf([...event, ...id, time, ...columns.map((column) => column.from)]);
  if (columns.length === 0) reader.add('columns', 'must name one column at least');
  if (headers.length > maxHeaders) reader.add('columns', `read more than ${maxHeaders} headers`);
  const required = columns.filter((column) => column.required).map((column) => column.from);
  const decisive = [...(filter.named ? event : []), ...required];
  const formats = formatsOf(stream);
  const scheme = schemeOf(stream);
  return {
    formats,
    takesJson: formats.includes('json'),
    ...(each && { each }),
    takesQuery: formats.some((format) => format.startsWith('form')) && vouchesForQuery(scheme),
    signsDistinct: signsForm(scheme),
    lines: stream.each === 'lines',
    isLoneTaken: stream.each === 'lines' || stream.each === '$',
    event,
    id,
    time,
    timeUnit: unit,
    columns,
    filter,
    headers,
    needs: [...filter.fields, ...pathsOf(decisive)],
    problems: reader.problems,
  };
}

function readEach(text: string, reader: Reader): JsonPath {
  // They are read as one array.
  if (text === 'lines') return [null];
  const reading = parseJsonPath(text);
  if (reading.ok) return [...reading.path, null];
  reader.add(
    'each',
    `is neither lines nor a path, at character ${reading.at + 1}: ${reading.reason}`,
  );
  return [];
}

function timeOf({ time }: Stream): { from?: ValuePlace; unit: TimeUnit } {
  if (time === undefined) return { unit: 'iso' };
  return typeof time === 'string' ? { from: time, unit: 'iso' } : time;
}

/** In the default layout, `event_index` distinguishes the rows of one delivery. */
function columnShapes(stream: Stream): Readonly<Record<string, ColumnShape>> {
  if (stream.columns) return stream.columns;
  if (stream.each === undefined) return { ...defaultColumns, ...stream.moreColumns };
  const index = {
    type: 'INT64',
    from: 'event:index',
    description: 'Its place in the delivery, from 0',
  } as const;
  return { ...defaultColumns, event_index: index, ...stream.moreColumns };
}

function planColumn(
  name: string,
  shape: ColumnShape,
  { key = [], invalidValues }: Stream,
  reader: Reader,
): ColumnPlan {
  const { type, unit, required = false, description } = shape;
  const path = `columns.${name}`;
  const mustBeWhole = invalidValues === 'dead-letter' || key.includes(name);
  if (!types.has(type)) reader.add(`${path}.type`, `must be one of ${[...types].join(', ')}`);
  if (unit !== undefined && type !== 'TIMESTAMP') {
    reader.add(`${path}.unit`, 'is only for the type TIMESTAMP');
  }
  return {
    name,
    type,
    ...(description !== undefined && { description }),
    from: reader.read(`${path}.from`, [], () => parsePlaces(shape.from)),
    ...(unit && { unit }),
    required,
    mustFit: required || mustBeWhole,
    mustBeWhole,
  };
}

function headersOf(places: readonly Places[]): string[] {
  const names = places.flat().flatMap((place) => (place.of === 'header' ? [place.name] : []));
  return [...new Set(names)];
}

function pathsOf(places: readonly Places[]): JsonPath[] {
  return places.flat().flatMap((place) => ('path' in place ? [place.path] : []));
}
