import { drawTable } from '../../cli/terminal/draw-table.ts';
import type { RunResult } from './run.ts';
import type { Action, Planned, Schedule } from './schedule/schedule.ts';

const width = 80;

/** The result of a run as tables for a terminal. */
export function describeRun(result: RunResult): string {
  const { streams, ledger, differences } = result;
  const right = Array<'right'>(6).fill('right');
  const parts = [
    `${result.machine}\nseed ${result.seed}: ${result.deliveries} deliveries acknowledged in ${result.tries} tries, ${result.seconds} s\n`,
    twoColumns(['answers', 'times'], Object.entries(result.answers)),
    twoColumns(['done to processes', 'times'], Object.entries(result.actions)),
    twoColumns(['scripted fault', 'struck'], Object.entries(result.faults)),
    twoColumns(['ended by itself', 'times'], Object.entries(result.endedAlone)),
    drawTable(
      [
        ['stream', 'acknowledged', 'rows', 'dead letters', 'twice', 'answer lost'],
        ...streams.map((one) => [
          one.stream,
          ...[one.acknowledged, one.rows, one.deadLetters, one.twice, one.unanswered].map(String),
        ]),
      ],
      ['left', ...right],
      width,
    ),
    drawTable(
      [
        ["the relay's ledger", 'accepted', 'outside', 'filtered', 'outside', 'remainder'],
        ...ledger.map(({ stream, accepted, filtered, remainder }) => [
          stream,
          String(accepted.inside),
          rangeOf(accepted),
          String(filtered.inside),
          rangeOf(filtered),
          String(remainder),
        ]),
      ],
      ['left', ...right],
      width,
    ),
    differencesOf(differences),
    ...(result.directory === undefined ? [] : [`kept: ${result.directory}\n`]),
  ];
  return parts.filter(Boolean).join('\n');
}

function rangeOf({ least, most }: { least: number; most: number }): string {
  return least === most ? String(least) : `${least}…${most}`;
}

function twoColumns(head: readonly string[], entries: readonly (readonly [string, number])[]) {
  if (entries.length === 0) return '';
  const rows = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, times]) => [name, String(times)]);
  return drawTable([head, ...rows], ['left', 'right'], width);
}

function differencesOf(differences: RunResult['differences']): string {
  const entries = Object.entries(differences);
  if (entries.length === 0) return 'No difference.\n';
  return entries
    .map(([kind, { count, examples }]) =>
      [`${kind}: ${count}`, ...examples.map((where) => `  ${where}`), ''].join('\n'),
    )
    .join('');
}

/** Which planted bugs were found. */
export function describePlanted(
  found: readonly { planted: string; found: boolean; differences: RunResult['differences'] }[],
): string {
  const rows = found.map(({ planted, found: isFound, differences }) => [
    planted,
    isFound ? Object.keys(differences).join(', ') : 'NOT FOUND',
  ]);
  return drawTable([['planted bug', 'found as'], ...rows], [], width);
}

/** What a seed does, without doing it. */
export function describeSchedule({ processes, faults }: Schedule): string {
  const lane = (title: string, planned: readonly Planned[]) => {
    let at = 0;
    const rows = planned.map(({ afterMs, action }) => {
      at += afterMs;
      return [(at / 1000).toFixed(1), describeAction(action)];
    });
    return drawTable([['s', title], ...rows], ['right', 'left'], width);
  };
  return `${lane('processes', processes)}\n${lane('faults', faults)}`;
}

function describeAction(action: Action): string {
  if (action.kind === 'calm') return `nothing, for ${action.deliveries} deliveries`;
  if (action.kind === 'outage') return `nothing is ${action.what} for a while`;
  if (action.kind === 'SIGSTOP') return `SIGSTOP ${action.part}, ${action.ms} ms`;
  if (action.kind !== 'faults') return `${action.kind} ${action.part}, away ${action.awayMs} ms`;
  const { server, faults } = action.fault;
  return `${server}: ${faults.map((fault) => JSON.stringify(fault)).join(', ')}`;
}
