import type { RefusedDelivery } from '../../shared/report/refused.ts';
import { terminalLines, terminalText } from '../../shared/terminal-text.ts';
import type { RefusedCount } from '../../subscriber/refused/read-refused.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';

/** The refused deliveries of one stream and cause. */
export interface RefusedGroup {
  /** Empty: they reached no stream. */
  stream: string;
  outcome: string;
  cause?: string;
  /** As the ledger counts them, or how many are kept if it has fewer. */
  count: number;
  kept: number;
  /** ISO 8601 */
  lastAt?: string;
  /** Of the newest that has one. */
  hint?: string;
  /** How many other hints there are. */
  otherHints: number;
}

/** The greatest first. What is only counted, without a delivery that was kept, is a group too. */
export function groupRefused(
  deliveries: readonly RefusedDelivery[],
  counts: readonly RefusedCount[],
): RefusedGroup[] {
  const groups = new Map<string, RefusedGroup & { hints: Set<string> }>();
  const groupOf = ({
    stream,
    outcome,
    cause,
  }: Pick<RefusedCount, 'stream' | 'outcome' | 'cause'>) => {
    const name = JSON.stringify([stream, outcome, cause ?? '']);
    const known = groups.get(name) ?? {
      ...{ stream, outcome, ...(cause !== undefined && { cause }) },
      ...{ count: 0, kept: 0, otherHints: 0, hints: new Set<string>() },
    };
    groups.set(name, known);
    return known;
  };
  for (const delivery of deliveries) {
    const group = groupOf(delivery);
    group.kept++;
    group.count++;
    group.lastAt ??= new Date(delivery.at).toISOString();
    if (delivery.hint !== undefined) group.hints.add(delivery.hint);
  }
  for (const count of counts) {
    const group = groupOf(count);
    group.count = Math.max(count.deliveries, group.kept);
  }
  return [...groups.values()]
    .map(({ hints, ...group }) => {
      const [hint] = hints;
      return {
        ...group,
        ...(hint !== undefined && { hint }),
        otherHints: Math.max(0, hints.size - 1),
      };
    })
    .sort((a, b) => b.count - a.count);
}

export function drawRefused(
  groups: readonly RefusedGroup[],
  shown: readonly RefusedDelivery[],
  kept: number,
): string {
  if (groups.length === 0) return 'No such delivery was refused.\n';
  const summary = groups.map((group) => [
    countText(group.count),
    group.stream || '(none)',
    [group.outcome, ...(isNews(group) ? [group.cause ?? ''] : [])],
    [
      ...(group.hint === undefined ? [] : [group.hint]),
      ...(group.otherHints > 0 ? [`and ${group.otherHints} other mistakes`] : []),
      ...(group.kept === 0 ? ['none of them is kept'] : []),
    ],
  ]);
  const table = drawTable([['refused', 'stream', 'why', 'likely mistake'], ...summary], ['right']);
  if (shown.length === 0) return table;
  const rows = shown.map((delivery) => [
    // To the second, in UTC.
    new Date(delivery.at).toISOString().slice(5, 19).replace('T', ' '),
    delivery.stream || '(none)',
    [
      delivery.deliveryId ?? '(no delivery)',
      [delivery.outcome, ...(isNews(delivery) ? [delivery.cause ?? ''] : [])].join(', '),
      `${delivery.method} ${delivery.path}`,
    ],
  ]);
  const more =
    kept > shown.length
      ? `The newest ${shown.length} of ${countText(kept)} that are kept: --limit shows more.\n`
      : '';
  const how = 'npx tributary refused <id> shows a delivery with its headers.\n';
  return `${table}\n${drawTable([['at (UTC)', 'stream', 'delivery, and why'], ...rows])}${more}${how}`;
}

/** Whether the cause says more than the outcome. */
function isNews({ outcome, cause }: { outcome: string; cause?: string }): boolean {
  return cause !== undefined && cause !== outcome;
}

export function describeRefused(delivery: RefusedDelivery): string {
  const facts = [
    ['delivery', delivery.deliveryId ?? '(none: it reached no endpoint)'],
    ['stream', delivery.stream || '(none)'],
    ['refused', new Date(delivery.at).toISOString()],
    ['outcome', delivery.outcome],
    ...(delivery.cause === undefined ? [] : [['cause', delivery.cause]]),
    ...(delivery.hint === undefined ? [] : [['likely', delivery.hint]]),
    ['request', `${delivery.method} ${delivery.path}`],
  ].map(([name = '', value = '']) => `${name.padEnd(9)} ${terminalText(value)}`);
  const headers = Object.entries(delivery.headers).map(([name, value]) =>
    terminalText(`  ${name}: ${value}`),
  );
  return `${[...facts, 'headers', ...headers, ...bodyLines(delivery)].join('\n')}\n\n`;
}

function bodyLines({ bytes, body }: RefusedDelivery): string[] {
  if (bytes === undefined && body === undefined) return [];
  const size = `body      ${bytes === undefined ? 'of unknown size' : `${countText(bytes)} bytes`}`;
  if (body === undefined) return [`${size}, not kept`];
  const start = Buffer.from(body, 'base64');
  const isCut = bytes !== undefined && bytes > start.length;
  return [
    `${size}${isCut ? `, of which the first ${countText(start.length)} are kept` : ''}`,
    terminalLines(asText(start)),
  ];
}

/** The end may be cut within a character. */
function asText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return `(not UTF-8; in base64) ${Buffer.from(bytes).toString('base64')}`;
  }
}

/** With the time as text. */
export function toDocument({ at, ...delivery }: RefusedDelivery): object {
  return { at: new Date(at).toISOString(), ...delivery };
}
