import type { Relay } from '../../shared/config/config.ts';
import { terminalText } from '../../shared/terminal-text.ts';
import type { SearchedTable } from '../../subscriber/trace/find-rows.ts';
import type { SeveralDeliveries, TracedDelivery } from '../../subscriber/trace/trace-delivery.ts';
import { countText } from '../terminal/progress-bar.ts';
import { styled } from '../terminal/style.ts';

/** What is known at a time, or without one. */
interface Step {
  at?: string;
  text: string;
}

export function describeTrace(trace: TracedDelivery, relay: Relay): string {
  const { deliveryId, receivedAt, stream } = trace;
  const head = [
    `delivery ${terminalText(deliveryId)}`,
    ...(stream === undefined ? [] : [`stream   ${terminalText(stream)}`]),
    `is       ${styled('strong', terminalText(verdictOf(trace, relay)))}`,
  ];
  const steps = stepsOf(trace, receivedAt).map(
    ({ at, text }) => `  ${(at ?? '').replace('T', ' ').padEnd(24)} ${terminalText(text)}`,
  );
  const known = [...minuteLines(trace), ...searchLines(trace)];
  const lines = [...head, '', ...steps, '', ...known.map(terminalText), ''];
  return lines.join('\n');
}

function verdictOf(trace: TracedDelivery, relay: Relay): string {
  const { state, inFlight, rows, letters, settled, refused } = trace;
  switch (state) {
    case 'in flight':
      return `in flight: a subscriber has had it since ${inFlight[0]?.since}`;
    case 'row':
    case 'row in part':
      return `${rowsText(rows)}${state === 'row' ? '' : ', without some values: see its dead letter'}`;
    case 'dead letter':
      return `a dead letter: ${letters.at(-1)?.reason ?? ''}`;
    case 'settled':
      return `no row: ${settled.at(-1)?.outcome}`;
    case 'refused':
      return `refused: ${refused[0]?.hint ?? refused[0]?.cause ?? refused[0]?.outcome}`;
    case 'nowhere':
      return trace.receivedAt === undefined
        ? 'not known here'
        : `not here. If the edge answered 2xx, it is in Pub/Sub (subscription ${relay.subscription}) or in overflow`;
  }
}

function rowsText(rows: TracedDelivery['rows']): string {
  if (rows.length === 0) return 'a row';
  return rows
    .map(({ rows: count, duplicates, table }) => {
      const repeated = duplicates > 0 ? `, ${countText(duplicates)} of them duplicates` : '';
      return `${countText(count)} ${count === 1 ? 'row' : 'rows'} in ${table}${repeated}`;
    })
    .join('; ');
}

/** By time; what has none stands where it belongs. */
function stepsOf(trace: TracedDelivery, receivedAt: string | undefined): Step[] {
  const { refused, inFlight, rows, letters, replays, settled } = trace;
  const isKnown = rows.length + letters.length + settled.length + inFlight.length > 0;
  const timed: Step[] = [
    ...refused.map(({ at, outcome, cause, hint }) => ({
      at: new Date(at).toISOString(),
      text: `the edge refused it: ${[outcome, cause, hint].filter(Boolean).join(', ')}`,
    })),
    ...inFlight.map(({ since, messages, replay }) => ({
      at: since,
      text: `a subscriber pulled it${replay === undefined ? '' : ` (replay ${replay})`}${messages > 1 ? `, ${messages} times` : ''}`,
    })),
    ...letters.map(({ storedAt, writtenInPart, reason }) => ({
      at: storedAt,
      text: `dead letter${writtenInPart ? ', written in part' : ''}: ${reason}`,
    })),
    ...replays.map(({ at, replay, result, reason }) => ({
      at,
      text: `replay ${replay}: ${result}${reason === undefined ? '' : ` (${reason})`}`,
    })),
    ...settled.map(({ at, outcome, stream }) => ({ at, text: `ledger: ${outcome} (${stream})` })),
  ].toSorted((a, b) => a.at.localeCompare(b.at));
  return [
    ...(receivedAt === undefined
      ? []
      : [
          {
            at: receivedAt,
            text: `the id was made${isKnown ? ': the edge received it, and published it' : ''}`,
          },
        ]),
    ...timed,
    ...rows.map((found) => ({
      text: `${rowsText([found])}${found.events.length > 0 ? `: ${found.events.join(', ')}` : ''}`,
    })),
  ];
}

/** Whether a delivery that is nowhere may still come. */
function minuteLines({ minute, state }: TracedDelivery): string[] {
  if (state !== 'nowhere') return [];
  if (!minute) return ['the ledger has no accepted delivery of its minute (yet)'];
  return minute.map(({ stream, accepted, remainder, overflow }) =>
    remainder > 0
      ? `of its minute, ${countText(remainder)} of ${countText(accepted)} accepted deliveries of ${stream} have not arrived${overflow > 0 ? ` (overflow took ${countText(overflow)})` : ''}: it may be one of them`
      : `of its minute, all ${countText(accepted)} accepted deliveries of ${stream} have arrived`,
  );
}

function searchLines({ searched, subscribers, inFlight }: TracedDelivery): string[] {
  const asked = subscribers.map(({ url, problem }) =>
    problem === undefined
      ? `asked the subscriber at ${url}`
      : `${url} was asked in vain: ${problem}`,
  );
  const nobody =
    subscribers.length === 0 && inFlight.length === 0
      ? ['no subscriber was asked whether it is in flight: --subscriber <url>']
      : [];
  return [...asked, ...nobody, ...searched.map(searchText)];
}

function searchText(searched: SearchedTable): string {
  const { table, stream } = searched;
  return searched.isSearched
    ? `searched ${table}: ${searched.partitions}`
    : `did not search ${table} (${stream}): ${searched.reason}`;
}

export function describeSeveral(given: string, { deliveryIds }: SeveralDeliveries): string {
  const lines = deliveryIds.map((id) => `  ${id}\n`);
  return `${terminalText(`${deliveryIds.length} deliveries begin with ${given}:`)}\n${lines.join('')}`;
}
