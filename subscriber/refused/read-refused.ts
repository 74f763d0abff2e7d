import { takenOutcomes } from '../../shared/report/edge-report.ts';
import { ledgerTable } from '../../shared/report/ledger.ts';
import { type RefusedDelivery, refusedTable } from '../../shared/report/refused.ts';
import { allCells, type Cells, type RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import { timeLiteral } from '../bigquery/time-literal.ts';

/** Which refused deliveries are meant; all that are given must hold. */
export interface RefusedFilter {
  /** Empty for requests that reached no stream. */
  stream?: string;
  /** The cause, or the outcome. */
  cause?: string;
  /** Unix milliseconds; a day ago by default. */
  since?: number;
  /** A delivery's id, or its beginning. */
  id?: string;
  limit?: number;
}

/** How many deliveries the edge refused for one reason. */
export interface RefusedCount {
  stream: string;
  outcome: string;
  cause?: string;
  deliveries: number;
}

/** The edge keeps the samples of a day. */
const keptForMs = 86_400_000;
const pageRows = 1000;

/**
 * The refused deliveries that were kept, the newest first: at most `keep` of each stream and cause, each once. None
 * while there is no table of them.
 */
export async function readRefused(
  source: RelaySource,
  filter: RefusedFilter = {},
  keep = source.relay.refused.keep,
): Promise<RefusedDelivery[]> {
  const { relay, bigquery } = source;
  if (!(await tableExists(bigquery, refusedTable(relay)))) return [];
  const { conditions, params, types } = conditionsOf(filter);
  const limit = filter.limit === undefined ? '' : ` LIMIT ${filter.limit}`;
  const once = `SELECT * FROM \`${relay.project}.${refusedTable(relay)}\`
    WHERE ${conditions.join(' AND ')}
    QUALIFY ROW_NUMBER() OVER (PARTITION BY report_id, at, stream, delivery_id, outcome, cause,
      method, path, body_bytes ORDER BY at) = 1`;
  const query = `SELECT UNIX_MILLIS(at), stream, delivery_id, outcome, cause, hint, method, path,
      TO_JSON_STRING(headers), body_bytes, body FROM (${once})
    QUALIFY ROW_NUMBER() OVER (PARTITION BY stream, outcome, cause ORDER BY at DESC) <= ${keep}
    ORDER BY at DESC, delivery_id${limit}`;
  return (await allCells(source, { query, params, types }, pageRows)).map(toRefused);
}

/**
 * How many were refused, by stream and cause, as the ledger has it: the samples are only the last of them. None while
 * there is no ledger.
 */
export async function countRefused(
  source: RelaySource,
  { stream, cause, since = Date.now() - keptForMs }: RefusedFilter = {},
): Promise<RefusedCount[]> {
  const { relay, bigquery } = source;
  if (!(await tableExists(bigquery, ledgerTable(relay)))) return [];
  const conditions = [
    "side = 'edge'",
    `outcome NOT IN (${takenOutcomes.map((outcome) => `'${outcome}'`).join(', ')})`,
    `minute >= ${timeLiteral(Math.floor(since / 60_000) * 60_000)}`,
    ...(stream === undefined ? [] : ['stream = @stream']),
    ...(cause === undefined ? [] : ['(cause = @cause OR outcome = @cause)']),
  ];
  // A report that was written twice counts once.
  const once = `SELECT DISTINCT report_id, minute, stream, outcome, cause, deliveries
    FROM \`${relay.project}.${ledgerTable(relay)}\` WHERE ${conditions.join(' AND ')}`;
  const query = {
    query: `SELECT stream, outcome, cause, SUM(deliveries) FROM (${once})
      GROUP BY stream, outcome, cause ORDER BY 4 DESC`,
    params: { ...(stream !== undefined && { stream }), ...(cause !== undefined && { cause }) },
  };
  const counts = await allCells(source, query, pageRows);
  return counts.map(([name, outcome, why, deliveries]) => ({
    stream: name ?? '',
    outcome: outcome ?? '',
    ...(why != null && { cause: why }),
    deliveries: Number(deliveries ?? 0),
  }));
}

function conditionsOf({ stream, cause, id, since = Date.now() - keptForMs }: RefusedFilter) {
  const params: Record<string, string> = {};
  const given = (name: string, value: string) => {
    params[name] = value;
    return `@${name}`;
  };
  const conditions = [`at >= ${timeLiteral(since)}`];
  if (stream !== undefined) conditions.push(`stream = ${given('stream', stream)}`);
  if (cause !== undefined) {
    conditions.push(`(cause = ${given('cause', cause)} OR outcome = @cause)`);
  }
  if (id !== undefined) conditions.push(`STARTS_WITH(delivery_id, ${given('id', id)})`);
  const types = Object.fromEntries(Object.keys(params).map((name) => [name, 'STRING']));
  return { conditions, params, types };
}

function toRefused(cells: Cells): RefusedDelivery {
  const [at, stream, deliveryId, outcome, cause, hint, method, path, headers, bytes, body] =
    cells.map((cell) => cell ?? undefined);
  return {
    stream: stream ?? '',
    at: Number(at),
    ...(deliveryId !== undefined && { deliveryId }),
    outcome: outcome ?? '',
    ...(cause !== undefined && { cause }),
    method: method ?? '',
    path: path ?? '',
    headers: readHeaders(headers),
    ...(bytes !== undefined && { bytes: Number(bytes) }),
    ...(body !== undefined && { body }),
    ...(hint !== undefined && { hint }),
  };
}

/** A row that another program wrote must not hide the others. */
function readHeaders(json = '{}'): Record<string, string> {
  try {
    const read = JSON.parse(json) as Record<string, unknown> | null;
    return Object.fromEntries(
      Object.entries(read ?? {}).map(([name, value]) => [name, String(value)]),
    );
  } catch {
    return {};
  }
}
