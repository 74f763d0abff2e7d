import type { Relay } from '../../../shared/config/config.ts';
import { type ConditionName, conditions } from '../conditions.ts';

/** An alert as a message has it. */
export interface MessageAlert {
  /** Stable: the same alert has the same id whenever it fires. */
  id: string;
  state: 'firing' | 'clear';
  condition: ConditionName;
  title: string;
  /** Null: the relay as a whole. */
  stream: string | null;
  reason: string;
  count: number;
  /** The id of a delivery. */
  example: string | null;
  /** ISO 8601, by BigQuery's clock: when it fired, and when it was cleared. */
  firedAt: string;
  clearedAt: string | null;
  /** What to type to find out more. */
  command: string;
  /** The console, where the config names it. */
  link: string | null;
}

/** Also the body of the format `generic`: a change of its meaning gets another version. */
export interface AlertMessage {
  version: 1;
  kind: 'alerts' | 'heartbeat' | 'test';
  project: string;
  sentAt: string;
  /** How many alerts fire now, of those that the receiver is told of. */
  firing: number;
  /** Those that changed, the firing ones first: `maxListed` at most. */
  alerts: MessageAlert[];
  /** How many more changed. */
  omitted: number;
}

/** What a message is about, before it is cut to its size. */
export interface AlertChange {
  id: string;
  isFiring: boolean;
  condition: ConditionName;
  stream?: string;
  reason: string;
  count: number;
  example?: string;
  /** Unix milliseconds */
  firedAt: number;
  since: number;
}

const maxListed = 10;

export interface MessageContent {
  kind: AlertMessage['kind'];
  firing: number;
  changes: readonly AlertChange[];
  consoleUrl?: string;
  now: number;
}

export function makeMessage(
  { project }: Pick<Relay, 'project'>,
  content: MessageContent,
): AlertMessage {
  const { kind, firing, changes, consoleUrl, now } = content;
  const sorted = changes.toSorted(
    (a, b) => Number(b.isFiring) - Number(a.isFiring) || a.since - b.since,
  );
  return {
    version: 1,
    kind,
    project,
    sentAt: new Date(now).toISOString(),
    firing,
    alerts: sorted.slice(0, maxListed).map((change) => toAlert(change, consoleUrl)),
    omitted: Math.max(0, sorted.length - maxListed),
  };
}

function toAlert(change: AlertChange, consoleUrl: string | undefined): MessageAlert {
  const { id, isFiring, condition, stream, reason, count, example, firedAt, since } = change;
  const { title, command } = conditions[condition];
  return {
    id,
    state: isFiring ? 'firing' : 'clear',
    condition,
    title,
    stream: stream ?? null,
    reason,
    count,
    example: example ?? null,
    firedAt: new Date(firedAt).toISOString(),
    clearedAt: isFiring ? null : new Date(since).toISOString(),
    command: command(stream),
    link: consoleUrl ?? null,
  };
}

/** The sample that `tributary alerts test` sends. */
export function sampleMessage(
  relay: Pick<Relay, 'project'>,
  stream: string | undefined,
  now: number,
  consoleUrl?: string,
): AlertMessage {
  return makeMessage(relay, {
    kind: 'test',
    firing: 0,
    now,
    ...(consoleUrl !== undefined && { consoleUrl }),
    changes: [
      {
        id: 'dead-letters/sample',
        isFiring: true,
        condition: 'dead-letters',
        ...(stream !== undefined && { stream }),
        reason: 'this is a test, and nothing is wrong',
        count: 1,
        example: '00000000-0000-7000-8000-000000000000',
        firedAt: now,
        since: now,
      },
    ],
  });
}

/** One line that says what the message is about. */
export function headline({ kind, project, firing, alerts, omitted }: AlertMessage): string {
  if (kind === 'test') return `Tributary, ${project}: a test of the alerts`;
  if (kind === 'heartbeat') {
    const state = firing === 0 ? 'no alert' : `${firing} firing`;
    return `Tributary, ${project}: watching, ${state}`;
  }
  const fires = alerts.filter(({ state }) => state === 'firing').length;
  const clears = alerts.length - fires;
  // What is omitted stands behind what fires, so it may be either: only the sum is known.
  const parts = omitted > 0 ? [`${alerts.length + omitted} alerts changed`] : [];
  if (omitted === 0 && fires > 0) parts.push(`${fires} fired`);
  if (omitted === 0 && clears > 0) parts.push(`${clears} cleared`);
  return `Tributary, ${project}: ${parts.join(', ')}; ${firing} firing`;
}

/** `orders: new dead letters` */
export function subjectOf({ stream, title }: MessageAlert): string {
  return stream === null ? title : `${stream}: ${title}`;
}

/** `2026-01-31 08:00:05 UTC` */
export function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}
