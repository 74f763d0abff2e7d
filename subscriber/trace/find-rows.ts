import type { RelayStream } from '../../shared/config/config.ts';
import { allCells, type Cells, type RelaySource } from '../bigquery/read-cells.ts';
import { type DeliveryColumns, deliveryColumns } from '../rows/delivery-columns.ts';
import type { SoughtId } from './delivery-id.ts';

/** The rows of one delivery in one table. */
export interface FoundRows {
  deliveryId: string;
  stream: string;
  table: string;
  rows: number;
  /** How many of them repeat another one. */
  duplicates: number;
  /** The names of its events, if the table has them; at most twenty. */
  events: string[];
}

/** Where was looked, and how much of it BigQuery reads. */
export type SearchedTable = { stream: string; table: string } & (
  | { isSearched: true; partitions: string }
  | { isSearched: false; reason: string }
);

const maxGroups = 1000;
const maxEvents = 20;
const hourMs = 3_600_000;

/** Of the streams' tables. A table that can't be read does not hide what the others have. */
export async function findRows(
  source: RelaySource,
  streams: readonly RelayStream[],
  id: SoughtId,
): Promise<{ found: FoundRows[]; searched: SearchedTable[] }> {
  const results = await Promise.all(streams.map((stream) => searchTable(source, stream, id)));
  return {
    found: results.flatMap(({ found }) => found),
    searched: results.map(({ searched }) => searched),
  };
}

async function searchTable(
  source: RelaySource,
  stream: RelayStream,
  id: SoughtId,
): Promise<{ found: FoundRows[]; searched: SearchedTable }> {
  const place = { stream: stream.name, table: stream.table };
  const reading = deliveryColumns(stream);
  if (!reading.ok) {
    return { found: [], searched: { ...place, isSearched: false, reason: reading.reason } };
  }
  const { columns } = reading;
  const { condition, partitions } = partitionsOf(columns, id);
  const query = `SELECT ${columns.id}, ${columns.eventName ?? 'CAST(NULL AS STRING)'}, COUNT(*),
      ${columns.eventIndex ? `COUNT(DISTINCT ${columns.eventIndex})` : '1'}
    FROM \`${source.relay.project}.${stream.table}\`
    WHERE ${id.isWhole ? `${columns.id} = @id` : `STARTS_WITH(${columns.id}, @id)`}${condition}
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${maxGroups}`;
  let all: Cells[];
  try {
    const request = { query, params: { id: id.text } };
    all = await allCells(source, request, maxGroups);
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    const reason = code === 404 ? 'there is no such table yet' : message;
    return { found: [], searched: { ...place, isSearched: false, reason } };
  }
  return { found: toFound(all, place), searched: { ...place, isSearched: true, partitions } };
}

function toFound(all: readonly Cells[], place: { stream: string; table: string }): FoundRows[] {
  const byId = new Map<string, FoundRows>();
  for (const cells of all) {
    const [deliveryId = '', event, rows, distinct] = cells.map((cell) => cell ?? undefined);
    const known = byId.get(deliveryId) ?? {
      ...{ deliveryId, ...place, rows: 0, duplicates: 0 },
      events: [],
    };
    byId.set(deliveryId, known);
    known.rows += Number(rows);
    known.duplicates += Number(rows) - Number(distinct);
    if (event !== undefined && known.events.length < maxEvents) known.events.push(event);
  }
  return [...byId.values()];
}

/** The time of the id is that of `received_at`: only its partitions need to be read. */
function partitionsOf(
  { partition, otherPartition }: DeliveryColumns,
  { time }: SoughtId,
): { condition: string; partitions: string } {
  if (!partition || !time) {
    const why = otherPartition === undefined ? '' : `, which is partitioned by ${otherPartition}`;
    return { condition: '', partitions: `the whole table${why}` };
  }
  const { column, type } = partition;
  // The zone of a DATE may be half a day before or after UTC.
  const marginMs = type === 'DATE' ? 26 * hourMs : hourMs;
  const from = new Date(time.from - marginMs).toISOString();
  const to = new Date(time.to + marginMs).toISOString();
  const [firstDay, lastDay] = [from.slice(0, 10), to.slice(0, 10)];
  const literal = (text: string) =>
    type === 'DATE' ? `DATE '${text.slice(0, 10)}'` : `TIMESTAMP '${text.replace('Z', '+00:00')}'`;
  return {
    condition: ` AND ${column} BETWEEN ${literal(from)} AND ${literal(to)}`,
    partitions: firstDay === lastDay ? `the day ${firstDay}` : `the days ${firstDay} to ${lastDay}`,
  };
}
