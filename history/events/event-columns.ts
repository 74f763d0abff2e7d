import type { Row, TableLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { planOf } from '../../shared/shape/plan.ts';

/** Where a table says which event a row is, and when it happened. */
export interface EventColumns {
  /** STRING all of them. */
  ids: readonly string[];
  /** Does the first of them that is not NULL tell the event from others, or all of them together? */
  told: 'by the first' | 'by all';
  /** A TIMESTAMP by the sender's clock; absent where the table has none. */
  time?: string;
}

/** @throws RelayError `stream.no-id`: what is there could not be told from what is missing */
export function eventColumns(stream: RelayStream, layout: TableLayout): EventColumns {
  const time = timeColumn(stream);
  return { ...idColumns(stream, layout), ...(time !== undefined && { time }) };
}

function idColumns(stream: RelayStream, { columns }: TableLayout): Omit<EventColumns, 'time'> {
  const { key, source } = stream;
  if (key) {
    const types = key.map((name) => columns.find((column) => column.name === name)?.type ?? '');
    // Of other types the text of one value is not always the same.
    if (types.every((type) => type === 'STRING')) return { ids: key, told: 'by all' };
    throw noId(`the key of "${stream.name}" has columns that are not STRING`);
  }
  // An event without an id is known by its line.
  if (source === 'datanostro') return { ids: ['event_id', 'delivery_id'], told: 'by the first' };
  if (source === 'segmentstream') return { ids: ['hit_id'], told: 'by the first' };
  // With several events in a delivery its own id tells none of them from the others.
  const id =
    filledWith(stream, 'event:id') ??
    (stream.each === undefined ? filledWith(stream, 'delivery:id') : undefined);
  if (id?.type === 'STRING') return { ids: [id.name], told: 'by the first' };
  throw noId(`no column of "${stream.name}" tells its events apart: give it one from event:id`);
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

/** No text of a sender's holds it but by malice, and then two events of that sender count as one. */
const separator = '\u001f';

/** The id of a row, as `idExpression` gives it for the same row in the table. */
export function idOf(row: Row, { ids, told }: EventColumns): string {
  const values = ids.map((column) => row[column] ?? null);
  if (told === 'by all') return values.map((value) => String(value ?? '')).join(separator);
  return String(values.find((value) => value !== null) ?? '');
}

export function idExpression({ ids, told }: EventColumns): string {
  const texts = ids.map((column) => `\`${column}\``);
  if (texts.length === 1) return told === 'by all' ? `IFNULL(${texts}, '')` : `${texts}`;
  if (told === 'by the first') return `COALESCE(${texts.join(', ')})`;
  return `CONCAT(${texts.map((text) => `IFNULL(${text}, '')`).join(`, '\\x1f', `)})`;
}
