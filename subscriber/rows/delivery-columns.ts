import { keyedLayout, type TableLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { sources } from '../../shared/sources/registry.ts';

/** The columns of a stream's table that show which deliveries are in it. */
export interface DeliveryColumns {
  /** A STRING. */
  id: string;
  /** When the edge received it, as a TIMESTAMP, or as an INT64 of Unix milliseconds. */
  receivedAt?: { column: string; type: 'TIMESTAMP' | 'INT64' };
  eventName?: string;
  /** Which event of the delivery a row is. */
  eventIndex?: string;
  /**
   * The column and the kind of the partitions, if the time of the delivery is enough to choose them. A DATE may be of any
   * time zone.
   */
  partition?: { column: string; type: 'TIMESTAMP' | 'DATE' };
  /** The column that the table is partitioned by, if it tells nothing of the delivery. */
  otherPartition?: string;
}

/** Why a stream's table does not show its deliveries. */
export type ColumnsReading = { ok: true; columns: DeliveryColumns } | { ok: false; reason: string };

/** A delivery may have no row in a table with a key, because a later one with the same key replaces it. */
export function deliveryColumns(stream: RelayStream): ColumnsReading {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') {
    return { ok: false, reason: 'it loads export files, whose rows have no delivery' };
  }
  const layout = keyedLayout(source.layout(stream), stream);
  if (stream.source === 'segmentstream') {
    const partition = { column: 'date', type: 'DATE' as const };
    const receivedAt = { column: 'received_at', type: 'INT64' as const };
    return { ok: true, columns: { id: 'hit_id', receivedAt, partition } };
  }
  if (stream.source === 'datanostro') {
    const receivedAt = { column: 'received_at', type: 'TIMESTAMP' as const };
    const others = { eventName: 'event_name', otherPartition: 'event_time' };
    return { ok: true, columns: { id: 'delivery_id', receivedAt, ...others } };
  }
  return genericColumns(stream, layout);
}

function genericColumns(stream: RelayStream, layout: TableLayout): ColumnsReading {
  const { columns } = planOf(stream);
  const of = (fact: string) =>
    columns.find(({ from: [place] }) => place?.of === 'fact' && place.fact === fact);
  const id = of('delivery:id');
  if (id?.type !== 'STRING') {
    return { ok: false, reason: 'its table has no STRING column from delivery:id' };
  }
  const name = of('event:name');
  const index = of('event:index');
  const received = of('delivery:received_at');
  const by = layout.partitionBy?.column;
  const isByReceived = by !== undefined && by === received?.name;
  const isTime = received?.type === 'TIMESTAMP';
  return {
    ok: true,
    columns: {
      id: id.name,
      ...(isTime && { receivedAt: { column: received.name, type: 'TIMESTAMP' as const } }),
      ...(name?.type === 'STRING' && { eventName: name.name }),
      ...(index && { eventIndex: index.name }),
      ...(isByReceived && { partition: { column: by, type: 'TIMESTAMP' as const } }),
      ...(by !== undefined && !isByReceived && { otherPartition: by }),
    },
  };
}
