import type { Row, TableLayout } from '../../shared/columns.ts';

/** An envelope that can never become a row, or became one only in part, with the reason. */
export interface DeadLetter {
  messageId: string;
  attributes: Readonly<Record<string, string>>;
  data: Uint8Array;
  reason: string;
  /** Path of the column at fault, if there is one; several are separated by commas. */
  column?: string;
  /** Every event of it is a row, but some values are missing. */
  writtenInPart: boolean;
}

/** Everything that is needed to fix the cause and replay the delivery. */
export const deadLetterLayout: TableLayout = {
  columns: [
    { name: 'delivery_id', type: 'STRING' },
    { name: 'stream', type: 'STRING' },
    { name: 'received_at', type: 'TIMESTAMP', description: 'When the relay received the delivery' },
    { name: 'stored_at', type: 'TIMESTAMP', description: 'When the dead letter was stored' },
    {
      name: 'reason',
      type: 'STRING',
      description: 'Why it can never become a row, or which values its row lacks',
    },
    {
      name: 'column',
      type: 'STRING',
      description: 'Path of the column at fault; several are separated by commas',
    },
    { name: 'data', type: 'BYTES', description: 'The body as it was sent' },
    { name: 'attributes', type: 'JSON', description: "The envelope's attributes" },
    { name: 'message_id', type: 'STRING', description: "Pub/Sub's id of the envelope" },
    {
      name: 'part',
      type: 'INT64',
      description:
        'Which part of the body `data` is, from 0, where a single row can not hold it all',
    },
    {
      name: 'written_in_part',
      type: 'BOOL',
      description:
        'TRUE: every event of it is a row without the values that did not fit. FALSE: an event is not a row',
    },
  ],
  partitionBy: { column: 'stored_at', by: 'DAY' },
  clusterBy: ['stream'],
  description:
    'Deliveries that can never become rows, or became rows only in part, kept with their reason',
};

/** Pub/Sub carries 10 MB, and a row 9 MB. */
const partBytes = 8_000_000;
/** The path of a column may hold a key of the sender's. */
const maxTextLength = 2000;
const plainName = /^[\w.-]{1,100}$/;
const minTime = Date.parse('0001-01-01T00:00:00Z');
const maxTime = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * One row, or for a huge body one for each part of it. They always fit the table's columns.
 *
 * @param now Unix milliseconds
 */
export function deadLetterRows(letter: DeadLetter, now: number): Row[] {
  const { attributes, column, messageId, reason } = letter;
  const text = (value: string | undefined) =>
    value?.toWellFormed().slice(0, maxTextLength).toWellFormed() ?? null;
  // Only a hint here: a dead letter must not fail on the very value that it may be about.
  const receivedAt = Date.parse(attributes['received_at'] ?? '');
  const isTime = receivedAt >= minTime && receivedAt <= maxTime;
  return rowsOf(letter.data, {
    delivery_id: text(attributes['delivery_id']),
    stream: text(attributes['stream']),
    received_at: isTime ? new Date(receivedAt).toISOString() : null,
    stored_at: new Date(now).toISOString(),
    reason: text(reason),
    column: text(column),
    attributes: jsonOf(attributes, (value) => value.toWellFormed()),
    message_id: text(messageId),
    written_in_part: letter.writtenInPart,
  });
}

/**
 * The same for a dead letter that BigQuery refused although its columns fit: everything that came from outside
 * is in it as bytes, in base64, or as a plain name.
 */
export function bareDeadLetterRows(letter: DeadLetter, now: number): Row[] {
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  const name = (value = '') => (plainName.test(value) ? value : null);
  return rowsOf(letter.data, {
    delivery_id: name(letter.attributes['delivery_id']),
    stream: name(letter.attributes['stream']),
    stored_at: new Date(now).toISOString(),
    reason: 'BigQuery refused the dead letter itself: the attributes are in base64',
    attributes: jsonOf(letter.attributes, base64),
    written_in_part: letter.writtenInPart,
  });
}

function jsonOf(attributes: DeadLetter['attributes'], encode: (text: string) => string): string {
  const entries = Object.entries(attributes);
  return JSON.stringify(
    Object.fromEntries(entries.map(([name, value]) => [encode(name), encode(value)])),
  );
}

function rowsOf(data: Uint8Array, row: Row): Row[] {
  if (data.length <= partBytes) return [{ ...row, data }];
  return Array.from({ length: Math.ceil(data.length / partBytes) }, (_, part) => ({
    ...row,
    data: data.subarray(part * partBytes, (part + 1) * partBytes),
    part,
  }));
}
