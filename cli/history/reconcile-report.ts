import type {
  Difference,
  HourDifference,
  Reconciliation,
} from '../../history/reconcile/hour-report.ts';
import { shortInstant, type TimeWindow } from '../../history/time-window.ts';
import { terminalJson } from '../../shared/terminal-text.ts';
import { drawTable, type TableCell } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';

/** The result of `--repair`. */
export interface Repair {
  /** Rows. */
  written: number;
  /** Events that are still missing. */
  left: number;
}

/** How the result is printed, by the name of the format. */
export const reconcileFormats = { table: toText, json: toJson };

const differences: readonly Difference[] = ['missing', 'extra', 'duplicate'];

function toJson(
  { totals, hours }: Reconciliation,
  repair: Repair | undefined,
  { from, to }: TimeWindow,
): string {
  const report = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...totals,
    ...(repair && { repaired: repair.written, left: repair.left }),
    hours: hours.map(({ hour, counts, ids }) => ({
      hour: hour === undefined ? null : new Date(hour).toISOString(),
      ...Object.fromEntries(
        differences.map((name) => [name, { count: counts[name], ids: ids[name] }]),
      ),
    })),
  };
  return `${terminalJson(JSON.stringify(report))}\n`;
}

function toText({ totals, hours }: Reconciliation, repair: Repair | undefined): string {
  const { sent, rows, filtered, unusable, outside } = totals;
  const summary = [
    `${countText(sent)} events of the sender, ${countText(rows)} rows`,
    ...differences.map((name) => `${countText(totals[name])} ${name}`),
    ...(filtered > 0 ? [`${countText(filtered)} filtered`] : []),
    ...(unusable > 0 ? [`${countText(unusable)} unusable`] : []),
    ...(outside > 0 ? [`${countText(outside)} outside the range`] : []),
    ...(repair ? [`${countText(repair.written)} repaired`] : []),
    ...(repair && repair.left > 0 ? [`${countText(repair.left)} still missing`] : []),
  ].join(', ');
  if (hours.length === 0) return `${summary}.\n`;
  const table = drawTable(
    [['hour (UTC)', ...differences, 'ids'], ...hours.map(toCells)],
    ['left', 'right', 'right', 'right', 'left'],
  );
  return `${table}${summary}.\n`;
}

function toCells({ hour, counts, ids }: HourDifference): TableCell[] {
  return [
    hour === undefined ? 'no time' : shortInstant(hour),
    ...differences.map((name) => countText(counts[name])),
    differences
      .filter((name) => ids[name].length > 0)
      .map((name) => `${name}: ${some(ids[name], counts[name])}`),
  ];
}

function some(ids: readonly string[], count: number): string {
  const shown = ids.slice(0, 3);
  return [...shown, ...(count > shown.length ? ['…'] : [])].join(', ');
}
