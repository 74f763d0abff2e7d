import { spanText } from '../../../subscriber/alerts/settings.ts';
import { drawTable } from '../../terminal/draw-table.ts';
import { countText } from '../../terminal/progress-bar.ts';

/** An alert, as `--json` prints it. */
export interface AlertLine {
  id: string;
  state: 'firing' | 'clear';
  condition: string;
  stream: string | null;
  since: string;
  firedAt: string;
  reason: string;
  count: number;
  example: string | null;
  /** The receivers that know of it. */
  told: string[];
}

export interface ReceiverLine {
  receiver: string;
  state: 'reached' | 'failing';
  since: string;
  answer: string;
  sentAt: string | null;
}

export interface ReceiverTest {
  receiver: string;
  format: string;
  ok: boolean;
  answer: string;
  ms: number | null;
}

/** @param now Unix milliseconds */
export function drawAlerts(
  alerts: readonly AlertLine[],
  receivers: readonly ReceiverLine[],
  now: number,
): string {
  const rows = alerts.map(({ state, condition, stream, since, reason, example }) => [
    state,
    [condition, stream ?? 'the relay'],
    ageText(since, now),
    [reason, ...(example === null ? [] : [example])],
  ]);
  const firing = alerts.filter(({ state }) => state === 'firing').length;
  const table = rows.length > 0 ? drawTable([['state', 'alert', 'since', 'reason'], ...rows]) : '';
  const sum = firing === 0 ? 'No alert fires.\n' : `Firing: ${countText(firing)}.\n`;
  return `${table}${sum}${drawReceivers(receivers, now)}`;
}

function drawReceivers(receivers: readonly ReceiverLine[], now: number): string {
  if (receivers.length === 0) return '';
  return drawTable([
    ['receiver', 'state', 'last message', 'answer'],
    ...receivers.map(({ receiver, state, since, sentAt, answer }) => [
      receiver,
      state === 'failing' ? `failing for ${ageText(since, now)}` : state,
      sentAt === null ? 'none' : `${ageText(sentAt, now)} ago`,
      answer,
    ]),
  ]);
}

export function drawTests(tests: readonly ReceiverTest[]): string {
  return drawTable(
    [
      ['receiver', 'format', 'taken', 'answer', 'ms'],
      ...tests.map(({ receiver, format, ok, answer, ms }) => [
        receiver,
        format,
        ok ? 'yes' : 'no',
        answer,
        ms === null ? '' : String(ms),
      ]),
    ],
    ['left', 'left', 'left', 'left', 'right'],
  );
}

/** In one unit: seconds, minutes, hours or days. */
function ageText(time: string, now: number): string {
  const ms = Math.max(0, now - Date.parse(time));
  const unitMs = [86_400_000, 3_600_000, 60_000].find((one) => ms >= 2 * one) ?? 1000;
  return spanText(Math.floor(ms / unitMs) * unitMs);
}
