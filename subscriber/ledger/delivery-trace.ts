import { keyedLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { sources } from '../../shared/sources/registry.ts';

/** The columns of a stream's table that show which deliveries are in it. */
export interface TraceColumns {
  /** A STRING. */
  deliveryId: string;
  /** When the edge received it, as a TIMESTAMP, or as an INT64 of Unix milliseconds. */
  receivedAt: string;
  receivedAtType: 'TIMESTAMP' | 'INT64';
  /** The DATE of `receivedAt` in some time zone, if the table is partitioned by it. */
  date?: string;
}

/**
 * Undefined for a table that has no such columns, and for a stream of exports. A delivery may have no row in a table
 * with a key, because a later one with the same key replaces it.
 */
export function traceColumns(stream: RelayStream): TraceColumns | undefined {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') return undefined;
  const { columns } = keyedLayout(source.layout(stream), stream);
  const names = namesOf(stream);
  const typeOf = (name: string | undefined) => columns.find((column) => column.name === name)?.type;
  const receivedAtType = typeOf(names.receivedAt);
  if (names.deliveryId === undefined || names.receivedAt === undefined) return undefined;
  if (typeOf(names.deliveryId) !== 'STRING') return undefined;
  const isMilliseconds = receivedAtType === 'INT64' && stream.source === 'segmentstream';
  if (receivedAtType !== 'TIMESTAMP' && !isMilliseconds) return undefined;
  const { deliveryId, receivedAt } = names;
  return { deliveryId, receivedAt, receivedAtType, ...(isMilliseconds && { date: 'date' }) };
}

/** Whether each delivery that is written stays visible in the stream's table. */
export function leavesTrace(stream: RelayStream): boolean {
  return stream.key === undefined && traceColumns(stream) !== undefined;
}

/** Whether two deliveries with the same body have the same keys: then the second one changes nothing. */
export function isKeyedByBody(stream: RelayStream): boolean {
  const { key } = stream;
  if (key === undefined || stream.source === 'segmentstream') return false;
  const names = namesOf(stream);
  if (key.includes(names.deliveryId ?? '') || key.includes(names.receivedAt ?? '')) return false;
  if (stream.source !== 'generic') return key.every((name) => !stream.moreColumns?.[name]);
  const { columns, id } = planOf(stream);
  const ofKey = columns.filter(({ name }) => key.includes(name)).flatMap(({ from }) => from);
  const places = ofKey.some((place) => place.of === 'fact' && place.fact === 'event:id')
    ? [...ofKey, ...id.flat()]
    : ofKey;
  return places.every((place) =>
    place.of === 'fact' ? place.fact.startsWith('event:') : bodyPlaces.has(place.of),
  );
}

const bodyPlaces: ReadonlySet<string> = new Set(['event', 'body']);

function namesOf(stream: RelayStream): { deliveryId?: string; receivedAt?: string } {
  if (stream.source === 'segmentstream') return { deliveryId: 'hit_id', receivedAt: 'received_at' };
  if (stream.source !== 'generic') return { deliveryId: 'delivery_id', receivedAt: 'received_at' };
  const { columns } = planOf(stream);
  const names: { deliveryId?: string; receivedAt?: string } = {};
  for (const { name, from } of columns) {
    const [place] = from;
    if (place?.of !== 'fact') continue;
    if (place.fact === 'delivery:id') names.deliveryId ??= name;
    if (place.fact === 'delivery:received_at') names.receivedAt ??= name;
  }
  return names;
}
