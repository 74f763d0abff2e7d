import type { Row, TableLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { planOf } from '../../shared/shape/plan.ts';

/** The columns of a table that identify the event of a row and its time. */
export interface EventColumns {
  /** Their type is STRING. */
  ids: readonly string[];
  /** The first id column that is not NULL identifies the event, or all of them together. */
  identifiedBy: 'first' | 'all';
  /** A TIMESTAMP by the sender's clock; absent if the table has none. */
  time?: string;
}

/** @throws RelayError `stream.no-id` if no column identifies the events */
export function eventColumns(stream: RelayStream, layout: TableLayout): EventColumns {
  const time = timeColumn(stream);
  return { ...idColumns(stream, layout), ...(time !== undefined && { time }) };
}

function idColumns(stream: RelayStream, { columns }: TableLayout): Omit<EventColumns, 'time'> {
  const { key, source } = stream;
  if (key) {
    const types = key.map((name) => columns.find((column) => column.name === name)?.type ?? '');
    // In other types one value may have several texts.
    if (types.every((type) => type === 'STRING')) return { ids: key, identifiedBy: 'all' };
    throw noId(`the key of "${stream.name}" has columns that are not STRING`);
  }
  // An event without an id is identified by its line.
  if (source === 'datanostro') return { ids: ['event_id', 'delivery_id'], identifiedBy: 'first' };
  if (source === 'segmentstream') return { ids: ['hit_id'], identifiedBy: 'first' };
  // If a delivery has several events, its id identifies none of them.
  const id =
    filledWith(stream, 'event:id') ??
    (stream.each === undefined ? filledWith(stream, 'delivery:id') : undefined);
  if (id?.type === 'STRING') return { ids: [id.name], identifiedBy: 'first' };
  throw noId(`no column of "${stream.name}" identifies its events: give it one from event:id`);
}

function timeColumn(stream: RelayStream): string | undefined {
  if (stream.source === 'datanostro') return 'event_time';
  if (stream.source === 'segmentstream') return undefined;
  const time = filledWith(stream, 'event:time');
  return time?.type === 'TIMESTAMP' ? time.name : undefined;
}

function filledWith(stream: RelayStream, fact: string) {
  return planOf(stream).columns.find(
    ({ from: [place] }) => place?.of === 'fact' && place.fact === fact,
  );
}

function noId(problem: string): RelayError {
  return new RelayError('stream.no-id', problem);
}

/** Only a malicious sender uses it in its texts. Then two events of that sender count as one. */
const separator = '\u001f';

/** The id of a row. `idExpression` gives the same id for the same row in the table. */
export function idOf(row: Row, { ids, identifiedBy }: EventColumns): string {
  const values = ids.map((column) => row[column] ?? null);
  if (identifiedBy === 'all') return values.map((value) => String(value ?? '')).join(separator);
  return String(values.find((value) => value !== null) ?? '');
}

export function idExpression({ ids, identifiedBy }: EventColumns): string {
  const texts = ids.map((column) => `\`${column}\``);
  if (texts.length === 1) return identifiedBy === 'all' ? `IFNULL(${texts}, '')` : `${texts}`;
  if (identifiedBy === 'first') return `COALESCE(${texts.join(', ')})`;
  return `CONCAT(${texts.map((text) => `IFNULL(${text}, '')`).join(`, '\\x1f', `)})`;
}
