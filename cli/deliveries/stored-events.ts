import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import type { FilteredEvent } from '../../shared/filters/filter.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import type { JsonPath } from '../../shared/json/json-path.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { sources } from '../../shared/sources/registry.ts';

/** A column that holds part of each event. */
interface EventColumn {
  column: string;
  /** Where its value stands in the event; the whole event if it is empty. */
  path: JsonPath;
  /** JSON text as it is, a number or a boolean; otherwise a text. */
  isRaw: boolean;
}

/** How the events of a stream are read back from its table. */
export interface StoredEvents {
  /** The columns to select. */
  columns: readonly string[];
  /** A TIMESTAMP by the relay's clock, or the sender's; undefined if the table has neither. */
  time?: string;
  /** @param row the cells as BigQuery sends them, by column */
  read(row: Readonly<Record<string, string | null>>): FilteredEvent;
  /** Whether the table holds what stands at a path of the event. */
  holds(path: JsonPath): boolean;
}

/** @throws RelayError `stream.no-rows` if it loads exports, or `filter.unjudged` if the table holds no names */
export function storedEvents(stream: RelayStream, isNamed: boolean): StoredEvents {
  if (sources[stream.source].delivers !== 'rows') {
    throw new RelayError('stream.no-rows', `"${stream.name}" loads files, and has no events`);
  }
  const { name, time, parts } = stream.source === 'datanostro' ? ofDatanostro : ofGeneric(stream);
  if (isNamed && name === undefined) {
    const problem = `the table of "${stream.name}" has no column from event:name`;
    throw new RelayError('filter.unjudged', problem);
  }
  const columns = [...(name === undefined ? [] : [name]), ...parts.map(({ column }) => column)];
  return {
    columns: [...new Set(columns)],
    ...(time !== undefined && { time }),
    read: (row) => ({
      name: (name === undefined ? undefined : row[name]) ?? undefined,
      json: parts.reduce((json, part) => add(json, part, row[part.column] ?? null), '{}'),
    }),
    holds: (path) => parts.some((part) => isIn(path, part)),
  };
}

function add(json: string, { path, isRaw }: EventColumn, cell: string | null): string {
  if (cell === null) return json;
  return setMember(json, path, isRaw ? cell : JSON.stringify(cell));
}

function isIn(wanted: JsonPath, { path, isRaw }: EventColumn): boolean {
  const isSame = wanted.length === path.length;
  return (isRaw || isSame) && path.every((step, depth) => step === wanted[depth]);
}

interface Layout {
  name?: string | undefined;
  time?: string | undefined;
  parts: readonly EventColumn[];
}

/** `created_at` is left out: the table has the moment, and not how it was written. */
const ofDatanostro: Layout = {
  name: 'event_name',
  time: 'received_at',
  parts: [
    { column: 'event_id', path: ['id'], isRaw: false },
    { column: 'event_name', path: ['event_name'], isRaw: false },
    { column: 'tenant_id', path: ['tenant_id'], isRaw: false },
    { column: 'payload', path: ['request_body'], isRaw: true },
    { column: 'user_ip_masked', path: ['source_ip_masked'], isRaw: false },
    { column: 'user_agent', path: ['user_agent'], isRaw: false },
    { column: 'request_source', path: ['request_source'], isRaw: false },
  ],
};

const rawTypes = new Set(['JSON', 'INT64', 'NUMERIC', 'BIGNUMERIC', 'BOOL']);

function ofGeneric(stream: RelayStream): Layout {
  const { columns } = planOf(stream);
  const factColumn = (fact: string) =>
    columns.find(({ from: [place] }) => place?.of === 'fact' && place.fact === fact);
  const time = factColumn('delivery:received_at') ?? factColumn('event:time');
  const parts = columns.flatMap(({ name, type, from: [place, ...others] }) => {
    if (place?.of !== 'event' || others.length > 0) return [];
    // How a time or a float was written is not in the table.
    if (!rawTypes.has(type) && type !== 'STRING') return [];
    return [{ column: name, path: place.path, isRaw: rawTypes.has(type) }];
  });
  const whole = parts.find(({ path, isRaw }) => path.length === 0 && isRaw);
  return {
    name: factColumn('event:name')?.name,
    ...(time?.type === 'TIMESTAMP' && { time: time.name }),
    parts: whole ? [whole] : parts.filter(({ path }) => path.length > 0),
  };
}
