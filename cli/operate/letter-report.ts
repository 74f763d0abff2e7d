import { readEnvelope } from '../../shared/envelope.ts';
import { terminalLines } from '../../shared/terminal-text.ts';
import type { StoredLetter, WholeLetter } from '../../subscriber/dead-letters/find-letters.ts';
import type { Trial } from '../../subscriber/dead-letters/try-letter.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';
import { bodyText, inflatedBody } from './body-text.ts';

/** The letters of a dry run that have one result for one reason. */
export type TrialGroups = {
  stream: string | null;
  kind: Trial['kind'];
  reason?: string;
  count: number;
  /** The delivery id of one of them. */
  example: string;
}[];

/** With the other columns the table has 80 characters. */
const reasonWidth = 36;

export function drawLetters(letters: readonly StoredLetter[]): string {
  const rows = letters.map((letter) => [
    // To the second, in UTC.
    letter.storedAt.slice(5, 19).replace('T', ' '),
    cut(letter.stream ?? '?', 10),
    cut(stateOf(letter), 12),
    [letter.deliveryId ?? letter.messageId, ...wrap(letter.reason, reasonWidth)],
  ]);
  return drawTable([['stored (UTC)', 'stream', 'state', 'delivery, and why'], ...rows]);
}

function stateOf({ lastResult, writtenInPart }: StoredLetter): string {
  if (lastResult !== null) return lastResult;
  return writtenInPart ? 'in part' : 'no row';
}

export function describeLetter(letter: WholeLetter): string {
  const { attributes, data } = letter;
  const facts = [
    ['delivery', letter.deliveryId ?? '(unknown)'],
    ['message', letter.messageId],
    ['stream', letter.stream ?? '(unknown)'],
    ['received', letter.receivedAt ?? '(unknown)'],
    ['stored', letter.storedAt],
    ['row', letter.writtenInPart ? 'written in part' : 'none'],
    ['reason', letter.reason],
    ...(letter.column === null ? [] : [['column', letter.column]]),
    [
      'replays',
      letter.replays === 0 ? 'none' : `${letter.replays}, the last: ${letter.lastResult}`,
    ],
  ].map(([name = '', value]) => `${name.padEnd(9)} ${value}`);
  const others = Object.entries(attributes).map(([name, value]) => `  ${name}: ${value}`);
  const text = [
    ...facts,
    'attributes',
    ...others,
    `body      ${countText(data.length)} bytes`,
    bodyText(bodyOf(letter), '--json has all of it'),
  ].join('\n');
  return `${terminalLines(text)}\n\n`;
}

function bodyOf({ attributes, data }: WholeLetter): Uint8Array {
  const reading = readEnvelope(attributes, data);
  return reading.ok ? inflatedBody(reading.envelope) : data;
}

export function drawTrials(groups: TrialGroups): string {
  if (groups.length === 0) return 'There are no such dead letters.\n';
  const rows = [...groups]
    .sort((a, b) => b.count - a.count)
    .map(({ stream, kind, reason, count, example }) => [
      countText(count),
      cut(stream ?? '?', 12),
      kind,
      [...wrap(reason ?? '', reasonWidth), `e.g. ${example}`].filter((line) => line !== ''),
    ]);
  return drawTable([['letters', 'stream', 'would be', 'why'], ...rows], ['right']);
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** At most four lines. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    for (let rest = word; rest !== ''; rest = rest.slice(width)) {
      const part = rest.slice(0, width);
      if (line !== '' && line.length + part.length >= width) {
        lines.push(line);
        line = '';
      }
      line = line === '' ? part : `${line} ${part}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines.length > 4 ? [...lines.slice(0, 3), '…'] : lines;
}
