import type { TableLayout } from '../../../shared/columns.ts';
import type { Relay, TableName } from '../../../shared/config/config.ts';
import { type ConditionName, isCondition } from '../conditions.ts';

/** `dataset.table`, in the dataset of the dead letters. */
export function alertsTable(relay: Relay): TableName {
  return `${relay.deadLetters.split('.')[0]}.alerts`;
}

/** One row for each alert that ever fired, and for each receiver. All replicas of the subscriber share it. */
export const alertLayout: TableLayout = {
  columns: [
    { name: 'id', type: 'STRING', description: 'condition/stream, or receiver/VARIABLE' },
    { name: 'condition', type: 'STRING', description: 'receiver: the row of a receiver' },
    { name: 'stream', type: 'STRING', description: 'NULL: the relay as a whole' },
    { name: 'state', type: 'STRING', description: 'firing or clear; reached or failing' },
    { name: 'change_id', type: 'STRING', description: 'New with each change of the state' },
    { name: 'since', type: 'TIMESTAMP', description: 'When the state changed last' },
    { name: 'fired_at', type: 'TIMESTAMP', description: 'When it fired last' },
    { name: 'seen_at', type: 'TIMESTAMP', description: 'When the condition was seen last' },
    { name: 'reason', type: 'STRING' },
    { name: 'occurrences', type: 'INT64' },
    { name: 'example', type: 'STRING', description: 'The id of a delivery' },
    { name: 'told', type: 'STRING', description: 'The receivers that know of the change' },
    { name: 'claimed_by', type: 'STRING', description: 'The replica that sends' },
    { name: 'claimed_until', type: 'TIMESTAMP', description: 'No other replica sends before' },
    { name: 'sent_at', type: 'TIMESTAMP', description: 'When the receiver took a message last' },
    { name: 'heartbeat_at', type: 'TIMESTAMP', description: 'When it took a heartbeat last' },
  ],
  clusterBy: ['id'],
  description: 'The state of the alerts, and what their receivers know',
};

/** An alert as it is stored. Times are Unix milliseconds, by BigQuery's clock. */
export interface StoredAlert {
  id: string;
  condition: ConditionName;
  stream?: string;
  isFiring: boolean;
  changeId: string;
  since: number;
  firedAt: number;
  seenAt: number;
  reason: string;
  count: number;
  example?: string;
  /** The names of the receivers that know of the change. */
  told: ReadonlySet<string>;
}

/** What is stored of a receiver. */
export interface StoredReceiver {
  name: string;
  isFailing: boolean;
  /** When it was configured: older changes are not for it. */
  knownSince: number;
  /** When it was reached or failed first. */
  since: number;
  /** What it answered, or why it did not. */
  answer: string;
  sentAt?: number;
  heartbeatAt?: number;
}

export interface StoredState {
  /** Whether there is a table. */
  exists: boolean;
  alerts: ReadonlyMap<string, StoredAlert>;
  receivers: ReadonlyMap<string, StoredReceiver>;
}

type TableRow = Record<string, unknown>;

/** Of two rows of one id, which two replicas may have written at once, the newer one counts. */
export function readState(rows: readonly TableRow[] | undefined): StoredState {
  const alerts = new Map<string, StoredAlert>();
  const receivers = new Map<string, StoredReceiver>();
  for (const row of rows ?? []) {
    if (row['condition'] === 'receiver') {
      const receiver = toReceiver(row);
      receivers.set(receiver.name, receiver);
      continue;
    }
    const alert = toAlert(row);
    if (alert && (alerts.get(alert.id)?.changeId ?? '') < alert.changeId) {
      alerts.set(alert.id, alert);
    }
  }
  return { exists: rows !== undefined, alerts, receivers };
}

export function receiverId(name: string): string {
  return `receiver/${name}`;
}

/** Undefined for a condition of another version. */
function toAlert(row: TableRow): StoredAlert | undefined {
  const condition = textOf(row['condition']);
  if (!isCondition(condition)) return undefined;
  const stream = textOf(row['stream']);
  const example = textOf(row['example']);
  return {
    id: textOf(row['id']),
    condition,
    ...(stream !== '' && { stream }),
    isFiring: row['state'] === 'firing',
    changeId: textOf(row['change_id']),
    since: timeOf(row['since']) ?? 0,
    firedAt: timeOf(row['fired_at']) ?? 0,
    seenAt: timeOf(row['seen_at']) ?? 0,
    reason: textOf(row['reason']),
    count: Number(row['occurrences'] ?? 0),
    ...(example !== '' && { example }),
    told: new Set(textOf(row['told']).split(' ').filter(Boolean)),
  };
}

function toReceiver(row: TableRow): StoredReceiver {
  const [sentAt, heartbeatAt] = [timeOf(row['sent_at']), timeOf(row['heartbeat_at'])];
  return {
    name: textOf(row['id']).slice(receiverId('').length),
    isFailing: row['state'] === 'failing',
    knownSince: timeOf(row['fired_at']) ?? 0,
    since: timeOf(row['since']) ?? 0,
    answer: textOf(row['reason']),
    ...(sentAt !== undefined && { sentAt }),
    ...(heartbeatAt !== undefined && { heartbeatAt }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** As the client has a TIMESTAMP: `{ value: '2026-…' }`. */
function timeOf(value: unknown): number | undefined {
  const { value: text } = (value ?? {}) as { value?: unknown };
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
