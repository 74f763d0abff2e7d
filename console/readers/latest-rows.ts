import { keyedLayout, type TableLayout } from '../../shared/columns.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { PreparedQuery } from '../../subscriber/query/saved-queries.ts';

const maxRows = 100;

/**
 * The newest rows of a stream's table. BigQuery reads only the partitions of the last hours, where the table has them.
 *
 * @param hours undefined for all
 */
export function latestRows(
  relay: Relay,
  stream: RelayStream,
  hours: number | undefined,
): PreparedQuery {
  const source = sources[stream.source];
  const layout =
    source.delivers === 'rows' ? keyedLayout(source.layout(stream), stream) : undefined;
  const since = hours === undefined ? undefined : sinceCondition(layout, hours);
  const order = orderColumn(layout);
  const query = [
    `SELECT * FROM \`${relay.project}.${stream.table}\``,
    since && `WHERE ${since}`,
    order && `ORDER BY \`${order}\` DESC`,
    `LIMIT ${maxRows}`,
  ];
  return { query: query.filter(Boolean).join('\n'), params: {}, types: {} };
}

function sinceCondition(layout: TableLayout | undefined, hours: number): string | undefined {
  const partition = layout?.columns.find(({ name }) => name === layout.partitionBy?.column);
  const since = new Date(Date.now() - hours * 3_600_000).toISOString();
  switch (partition?.type) {
    case 'TIMESTAMP':
      return `\`${partition.name}\` >= TIMESTAMP '${since.replace('Z', '+00:00')}'`;
    case 'DATE':
      return `\`${partition.name}\` >= DATE '${since.slice(0, 10)}'`;
    case 'DATETIME':
      return `\`${partition.name}\` >= DATETIME '${since.slice(0, 23)}'`;
    default:
      return undefined;
  }
}

/** When the relay received it, else the time of the event. */
function orderColumn(layout: TableLayout | undefined): string | undefined {
  const received = layout?.columns.find(({ name }) => name === 'received_at');
  return received?.name ?? layout?.partitionBy?.column;
}
