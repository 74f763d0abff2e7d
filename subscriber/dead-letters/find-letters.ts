import type { Relay } from '../../shared/config/config.ts';
import { type Cells, type RelaySource, readCells } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import { timeLiteral } from '../bigquery/time-literal.ts';
import { replaysTable } from './replay-results.ts';

/** Which dead letters are meant; all that are given must hold. */
export interface LetterFilter {
  stream?: string;
  /** A part of the reason, in any case. */
  reason?: string;
  /** Stored at this time or later, and before this time. Unix milliseconds. */
  since?: number;
  until?: number;
  /** A delivery's id or a message's id, or their beginnings. */
  ids?: readonly string[];
  /** Also those that were replayed. */
  all?: boolean;
  limit?: number;
}

/** A stored dead letter, without its body. */
export interface StoredLetter {
  /** Pub/Sub's id of the envelope: the name of the letter. */
  messageId: string;
  deliveryId: string | null;
  stream: string | null;
  /** ISO 8601 */
  receivedAt: string | null;
  storedAt: string;
  reason: string;
  column: string | null;
  writtenInPart: boolean;
  bytes: number;
  replays: number;
  /** Of the last replay: written, written in part, or dead letter. */
  lastResult: string | null;
}

/** The same with its body and the envelope's attributes. */
export interface WholeLetter extends StoredLetter {
  attributes: Record<string, string>;
  data: Buffer;
}

/** Bodies are up to 8 MB: a page of them stays in memory. */
const wholePageRows = 50;
const pageRows = 5000;

/** The newest dead letters first; each once, however often it was stored. */
export async function* findLetters(
  source: RelaySource,
  filter: LetterFilter,
): AsyncGenerator<StoredLetter> {
  const query = await letterQuery(source, filter, false);
  if (!query) return;
  for await (const cells of readCells(source, query, pageRows)) yield toLetter(cells);
}

/** The oldest first, so that replays keep the order. The parts of a huge body are joined. */
export async function* readLetters(
  source: RelaySource,
  filter: LetterFilter,
): AsyncGenerator<WholeLetter> {
  const query = await letterQuery(source, filter, true);
  if (!query) return;
  let open: WholeLetter | undefined;
  let closed = 0;
  for await (const cells of readCells(source, query, wholePageRows)) {
    const letter = toWholeLetter(cells);
    if (open?.messageId === letter.messageId) {
      open.data = Buffer.concat([open.data, letter.data]);
      continue;
    }
    if (open) yield open;
    // A letter of several rows counts once, and is never cut.
    if (open && ++closed === filter.limit) return;
    open = letter;
  }
  if (open) yield open;
}

/** Absent while there is no table of dead letters. */
async function letterQuery(source: RelaySource, filter: LetterFilter, isWhole: boolean) {
  const { relay, bigquery } = source;
  if (!(await tableExists(bigquery, relay.deadLetters))) return undefined;
  const hasReplays = await tableExists(bigquery, replaysTable(relay));
  const params: Record<string, unknown> = {};
  const types: Record<string, string | string[]> = {};
  const given = (name: string, value: unknown, type: string | string[]) => {
    params[name] = value;
    types[name] = type;
    return `@${name}`;
  };
  const conditions = [
    filter.stream !== undefined && `stream = ${given('stream', filter.stream, 'STRING')}`,
    filter.reason !== undefined &&
      `STRPOS(LOWER(reason), ${given('reason', filter.reason.toLowerCase(), 'STRING')}) > 0`,
    filter.since !== undefined && `stored_at >= ${timeLiteral(filter.since)}`,
    filter.until !== undefined && `stored_at < ${timeLiteral(filter.until)}`,
    filter.ids !== undefined && filter.ids.length > 0 && `(${idConditions(filter.ids, given)})`,
    hasReplays && !filter.all && 'last_result IS NULL',
  ].filter((condition) => condition !== false);
  const letters = `SELECT ${letterColumns}${isWhole ? ', data, attributes, part' : ''}
    FROM \`${relay.project}.${relay.deadLetters}\`${isWhole ? '' : ' WHERE IFNULL(part, 0) = 0'}`;
  const once = `SELECT * FROM (${letters}) WHERE TRUE QUALIFY ROW_NUMBER() OVER (
    PARTITION BY message_id${isWhole ? ', part' : ''} ORDER BY stored_at) = 1`;
  const joined = hasReplays
    ? `SELECT letter.*, IFNULL(replays, 0) AS replays, last_result FROM (${once}) AS letter
       LEFT JOIN (${lastReplays(relay)}) AS replay ON replay.replayed = letter.message_id`
    : `SELECT *, 0 AS replays, CAST(NULL AS STRING) AS last_result FROM (${once})`;
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const order = isWhole ? 'stored_at, message_id, IFNULL(part, 0)' : 'stored_at DESC, message_id';
  const limit = filter.limit === undefined || isWhole ? '' : ` LIMIT ${filter.limit}`;
  return {
    query: `SELECT ${outputColumns}${isWhole ? ', data, attributes' : ''} FROM (${joined})${where} ORDER BY ${order}${limit}`,
    params,
    types,
  };
}

/** A letter that was stored without its message's id is named by its delivery and time. */
const letterColumns = `IFNULL(message_id, CONCAT(IFNULL(delivery_id, ''), '/', CAST(stored_at AS STRING))) AS message_id,
  delivery_id, stream, received_at, stored_at, reason, column, IFNULL(written_in_part, FALSE) AS written_in_part,
  LENGTH(data) AS bytes`;

const outputColumns = `message_id, delivery_id, stream, UNIX_MILLIS(received_at), UNIX_MILLIS(stored_at), reason, column,
  written_in_part, bytes, replays, last_result`;

function lastReplays(relay: Relay): string {
  return `SELECT message_id AS replayed, COUNT(*) AS replays,
      ARRAY_AGG(result ORDER BY replayed_at DESC LIMIT 1)[OFFSET(0)] AS last_result
    FROM \`${relay.project}.${replaysTable(relay)}\` GROUP BY message_id`;
}

function idConditions(
  ids: readonly string[],
  given: (name: string, value: unknown, type: string) => string,
): string {
  return ids
    .map((id, n) => {
      const parameter = given(`id${n}`, id, 'STRING');
      return `STARTS_WITH(message_id, ${parameter}) OR STARTS_WITH(IFNULL(delivery_id, ''), ${parameter})`;
    })
    .join(' OR ');
}

function toLetter(cells: Cells): StoredLetter {
  const text = (n: number) => cells[n] ?? null;
  const time = (n: number) => {
    const ms = text(n);
    return ms === null ? null : new Date(Number(ms)).toISOString();
  };
  return {
    messageId: text(0) ?? '',
    deliveryId: text(1),
    stream: text(2),
    receivedAt: time(3),
    storedAt: time(4) ?? '',
    reason: text(5) ?? '',
    column: text(6),
    writtenInPart: text(7) === 'true',
    bytes: Number(text(8) ?? 0),
    replays: Number(text(9) ?? 0),
    lastResult: text(10),
  };
}

function toWholeLetter(cells: Cells): WholeLetter {
  const letter = toLetter(cells);
  const [data, attributes] = cells.slice(11);
  const read = JSON.parse(attributes ?? '{}') as Record<string, string>;
  return {
    ...letter,
    data: Buffer.from(data ?? '', 'base64'),
    attributes: letter.reason.startsWith(bareReason) ? decodeBare(read) : read,
  };
}

const bareReason = 'BigQuery refused the dead letter itself';

/** See `bareDeadLetterRows`. */
function decodeBare(attributes: Record<string, string>): Record<string, string> {
  const decode = (text: string) => Buffer.from(text, 'base64').toString();
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [decode(name), decode(value)]),
  );
}
