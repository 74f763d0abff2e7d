import type { Relay } from '../../../shared/config/config.ts';
import { refusedTable } from '../../../shared/report/refused.ts';
import type { RelaySource } from '../../bigquery/read-cells.ts';
import { orAbsent, tableExists } from '../../bigquery/table-exists.ts';
import { tablesOf } from '../../bigquery/tables/open-tables.ts';
import { timeLiteral } from '../../bigquery/time-literal.ts';
import { replaysTable } from '../../dead-letters/replay-results.ts';
import { within } from '../../within.ts';
import { answerWithinMs } from '../answer-time.ts';
import { type AlertSettings, allSettings } from '../settings.ts';
import { readRows } from './read-rows.ts';
import { safeReason } from './safe-reason.ts';

/** New dead letters of a stream that were not replayed. */
interface LetterFacts {
  count: number;
  /** Of the newest one. Holds nothing of its payload. */
  reason: string;
  /** Its delivery's id. */
  example?: string;
}

/** By the window; then by the stream's name, which is empty for streams that the config does not have. */
export type LettersByWindow = ReadonlyMap<number, ReadonlyMap<string, LetterFacts>>;

/** Empty while there is no table of dead letters. Letters are counted once, however often they were stored. */
export async function readLetterFacts(
  source: RelaySource,
  settings: AlertSettings,
  now: number,
): Promise<LettersByWindow> {
  const used = allSettings(settings).filter(({ deadLetters }) => deadLetters !== false);
  const windows = [...new Set(used.map(({ windowMs }) => windowMs))];
  const found = new Map(windows.map((window) => [window, new Map<string, LetterFacts>()]));
  if (windows.length === 0) return found;
  const { relay } = source;
  const counted = windows.map(
    (window) => `, COUNT(DISTINCT IF(stored_at > ${timeLiteral(now - window)}, id, NULL))`,
  );
  const rows = await orAbsent(
    readRows(
      source,
      `SELECT stream, ARRAY_AGG(CONCAT(REPLACE(IFNULL(column, ''), '\\n', ' '), '\\n', IFNULL(delivery_id, ''), '\\n', IFNULL(reason, ''))
           ORDER BY stored_at DESC LIMIT 1)[OFFSET(0)]${counted.join('')}
       FROM (SELECT IF(stream IN UNNEST(@streams), stream, '') AS stream, delivery_id, reason, column, stored_at,
           IFNULL(message_id, CONCAT(IFNULL(delivery_id, ''), '/', CAST(stored_at AS STRING))) AS id
         FROM \`${relay.project}.${relay.deadLetters}\`
         WHERE stored_at > ${timeLiteral(now - Math.max(...windows))} AND IFNULL(part, 0) = 0)
       ${await notReplayed(source)}
       GROUP BY stream`,
      { streams: [...relay.streams.keys()] },
    ),
  );
  const columns = columnsByStream(source.relay);
  for (const cells of rows ?? []) {
    const [stream = '', newest = '', ...counts] = cells.map((cell) => cell ?? '');
    const [column = '', example = '', ...reason] = newest.split('\n');
    for (const [at, window] of windows.entries()) {
      const count = Number(counts[at] ?? 0);
      if (count === 0) continue;
      found.get(window)?.set(stream, {
        count,
        reason: safeReason(reason.join(' '), column, columns.get(stream)),
        ...(isPlainId.test(example) && { example }),
      });
    }
  }
  return found;
}

/** Anything else may be something else than an id. */
const isPlainId = /^[\w-]{1,64}$/;

function columnsByStream(relay: Relay): Map<string, ReadonlySet<string>> {
  return new Map(
    tablesOf(relay).map(({ stream, layout }) => [
      stream,
      new Set(layout.columns.map(({ name }) => name)),
    ]),
  );
}

/** The subscriber creates the table of replays with the first result. */
async function notReplayed({ bigquery, relay }: RelaySource): Promise<string> {
  const name = replaysTable(relay);
  if (!(await within(answerWithinMs, tableExists(bigquery, name)))) return '';
  return `LEFT JOIN (SELECT DISTINCT message_id AS replayed FROM \`${relay.project}.${name}\`)
    ON replayed = id WHERE replayed IS NULL`;
}

/** The newest delivery that was refused with 401, of each of these streams. Empty while none is kept. */
export async function readRefusedExamples(
  source: RelaySource,
  streams: readonly string[],
  since: number,
): Promise<Map<string, string>> {
  if (streams.length === 0) return new Map();
  const rows = await orAbsent(
    readRows(
      source,
      `SELECT stream, ARRAY_AGG(delivery_id ORDER BY at DESC LIMIT 1)[OFFSET(0)]
       FROM \`${source.relay.project}.${refusedTable(source.relay)}\`
       WHERE at > ${timeLiteral(since)} AND stream IN UNNEST(@streams) AND outcome = 'unauthorized'
         AND delivery_id IS NOT NULL
       GROUP BY stream`,
      { streams },
    ),
  );
  return new Map((rows ?? []).map(([key, value]) => [key ?? '', value ?? '']));
}
