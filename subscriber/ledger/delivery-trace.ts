import type { RelayStream } from '../../shared/config/config.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { type DeliveryColumns, deliveryColumns } from '../rows/delivery-columns.ts';

/** Columns by which the deliveries of each minute can be counted in the table. */
export type TraceColumns = DeliveryColumns & Required<Pick<DeliveryColumns, 'receivedAt'>>;

/** Undefined for a table without such columns, and for a stream of exports. */
export function traceColumns(stream: RelayStream): TraceColumns | undefined {
  const reading = deliveryColumns(stream);
  if (!reading.ok) return undefined;
  const { receivedAt } = reading.columns;
  return receivedAt && { ...reading.columns, receivedAt };
}

/** Whether each delivery that is written stays visible in the stream's table. */
export function leavesTrace(stream: RelayStream): boolean {
  return stream.key === undefined && traceColumns(stream) !== undefined;
}

/** Columns that are new with each delivery. */
const ownColumns: ReadonlySet<string> = new Set(['delivery_id', 'received_at']);

/** Whether two deliveries with the same body have the same keys: then the second one changes nothing. */
export function isKeyedByBody(stream: RelayStream): boolean {
  const { key } = stream;
  if (key === undefined || stream.source === 'segmentstream') return false;
  if (stream.source !== 'generic') {
    return key.every((name) => !ownColumns.has(name) && !stream.moreColumns?.[name]);
  }
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
