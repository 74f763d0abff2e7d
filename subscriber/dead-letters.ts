import type { Row, TableLayout } from '../shared/columns.ts';

/** What is known of an envelope that can never become a row. */
export interface DeadLetter {
  messageId: string;
  attributes: Readonly<Record<string, string>>;
  data: Uint8Array;
  reason: string;
  /** Path of the column that is at fault, where one is. */
  column?: string;
}

/** Everything that is needed to mend the cause and send the delivery again. */
export const deadLetterLayout: TableLayout = {
  columns: [
    { name: 'delivery_id', type: 'STRING' },
    { name: 'stream', type: 'STRING' },
    { name: 'received_at', type: 'TIMESTAMP', description: 'When the relay received the delivery' },
    { name: 'stored_at', type: 'TIMESTAMP', description: 'When it was given up' },
    { name: 'reason', type: 'STRING', description: 'Why it can never become a row' },
    { name: 'column', type: 'STRING', description: 'Path of the column that is at fault' },
    { name: 'data', type: 'BYTES', description: 'The body as it was sent' },
    { name: 'attributes', type: 'JSON', description: "The envelope's attributes" },
    { name: 'message_id', type: 'STRING', description: "Pub/Sub's id of the envelope" },
  ],
  partitionBy: { column: 'stored_at', by: 'DAY' },
  clusterBy: ['stream'],
  description: 'Deliveries that can never become rows, kept with their reason',
};

/** @param now Unix milliseconds */
export function deadLetterRow(letter: DeadLetter, now: number): Row {
  const { attributes } = letter;
  // received_at is a hint here: a dead letter must not fail on the very thing that it may be about.
  const receivedAt = Date.parse(attributes['received_at'] ?? '');
  return {
    delivery_id: attributes['delivery_id'] ?? null,
    stream: attributes['stream'] ?? null,
    received_at: Number.isNaN(receivedAt) ? null : new Date(receivedAt).toISOString(),
    stored_at: new Date(now).toISOString(),
    reason: letter.reason.toWellFormed().slice(0, 2000).toWellFormed(),
    column: letter.column?.toWellFormed() ?? null,
    data: letter.data,
    attributes: JSON.stringify(attributes),
    message_id: letter.messageId,
  };
}
