import { keyedLayout, type TableLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { sources } from '../../shared/sources/registry.ts';

/** The columns of a stream's table that tell of a delivery. */
export interface DeliveryColumns {
  id: string;
  eventName?: string;
  /** Which event of the delivery a row is. */
  eventIndex?: string;
  /** The column and the kind of the partitions, if the time of the delivery is enough to choose them. */
  partition?: { column: string; type: 'TIMESTAMP' | 'DATE' };
  /** The column that the table is partitioned by, if it tells nothing of the delivery. */
  otherPartition?: string;
}

/** Why a stream's table does not show its deliveries. */
export type ColumnsReading = { ok: true; columns: DeliveryColumns } | { ok: false; reason: string };

export function deliveryColumns(stream: RelayStream): ColumnsReading {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') {
    return { ok: false, reason: 'it loads export files, whose rows have no delivery' };
  }
  const layout = keyedLayout(source.layout(stream), stream);
  if (stream.source === 'segmentstream') {
    const partition = { column: 'date', type: 'DATE' as const };
    return { ok: true, columns: { id: 'hit_id', partition } };
  }
  if (stream.source === 'datanostro') {
    const columns = { id: 'delivery_id', eventName: 'event_name', otherPartition: 'event_time' };
    return { ok: true, columns };
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
  return {
    ok: true,
    columns: {
      id: id.name,
      ...(name?.type === 'STRING' && { eventName: name.name }),
      ...(index && { eventIndex: index.name }),
      ...(isByReceived && { partition: { column: by, type: 'TIMESTAMP' as const } }),
      ...(by !== undefined && !isByReceived && { otherPartition: by }),
    },
  };
}
