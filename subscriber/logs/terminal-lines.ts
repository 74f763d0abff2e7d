import { styleText } from 'node:util';
import { terminalText } from '../../shared/terminal-text.ts';

/** What is shown: an entry of the subscriber, or a line of JSON of another part. */
export type ShownEntry = Readonly<Record<string, unknown>>;

export interface LineOptions {
  /** Where it is shown: colours depend on it, and on NO_COLOR. */
  output: NodeJS.WriteStream;
  /** In characters; 80 where the output has none. */
  width?: number | undefined;
  /** Of the column of the streams, in characters. */
  nameWidth: number;
  /** In the column of the streams, where the entry names none. */
  part?: string | undefined;
}

const defaultWidth = 80;
const minNameWidth = 8;
const maxNameWidth = 16;
const timeWidth = 8;
const gap = '  ';
/** A line has room for a few words, even beside long names. */
const minTextWidth = 20;

/** Those that a person reads first. */
const why = new Set(['cause', 'reason', 'problem', 'column']);

/** Those in a column of their own, and those that only programs read. */
const hidden = new Set(['severity', 'message', 'time', 'colo', 'traceparent', 'stream', 'at']);
const isHidden = (name: string) => hidden.has(name) || name.startsWith('logging.googleapis.com/');

/** The width of a column for these names; a longer name pushes its own line to the right. */
export function nameWidthOf(names: Iterable<string>): number {
  const longest = Math.max(minNameWidth, ...[...names].map((name) => name.length));
  return Math.min(longest, maxNameWidth);
}

/**
 * An entry as a person reads it: time, stream, what, and its fields, in lines of the terminal's width. The time is
 * UTC, as in the tables. What a terminal would obey is escaped.
 */
export function describeEntry(entry: ShownEntry, now: Date, options: LineOptions): string {
  const { output, part = '', nameWidth } = options;
  const stream = entry['stream'] === undefined ? undefined : String(entry['stream']);
  const name = terminalText(stream ?? part).padEnd(nameWidth);
  const indent = timeWidth + name.length + 2 * gap.length;
  const width = Math.max((options.width ?? output.columns ?? defaultWidth) - indent, minTextWidth);
  const { text, isOutcome } = whatOf(entry);
  const style = styleOf(entry);
  const paint = (format: Format | undefined, painted: string) =>
    format === undefined ? painted : styleText(format, painted, { stream: output });
  const shown = Object.entries(entry).filter(
    ([field, value]) =>
      !isHidden(field) &&
      value !== undefined &&
      value !== null &&
      !(isOutcome && field === 'outcome') &&
      !(isCounts(entry) && field === 'per_second'),
  );
  const fields = [
    ...shown.filter(([field]) => why.has(field)),
    ...shown.filter(([field]) => !why.has(field)),
  ];
  const lines = wrap(
    [
      { text, format: style },
      ...fields.map(([field, value]) => ({ label: labelOf(field), text: textOf(field, value) })),
    ],
    width,
    paint,
  );
  const head = [
    paint('dim', now.toISOString().slice(11, 19)),
    stream === undefined ? paint('dim', name) : name,
  ].join(gap);
  return lines.map((line, at) => (at === 0 ? head + gap : ' '.repeat(indent)) + line).join('\n');
}

type Format = Parameters<typeof styleText>[0];

function isCounts(entry: ShownEntry): boolean {
  return entry['per_second'] !== undefined;
}

/** The edge's lines have an outcome for a message. */
function whatOf(entry: ShownEntry): { text: string; isOutcome: boolean } {
  const { message, outcome, per_second: perSecond } = entry as Record<string, unknown>;
  if (message === undefined) return { text: terminalText(String(outcome ?? '')), isOutcome: true };
  const counts = perSecond === undefined ? '' : ` ${String(perSecond)}/s`;
  return { text: terminalText(String(message)) + counts, isOutcome: false };
}

const fine = new Set(['accepted', 'filtered', 'handshake', 'drained']);

function styleOf(entry: ShownEntry): Format | undefined {
  const { severity, message, outcome } = entry as Record<string, unknown>;
  if (severity === 'ERROR') return ['bold', 'red'];
  if (severity === 'WARNING') return ['bold', 'yellow'];
  if (severity !== undefined) return isCounts(entry) ? 'green' : undefined;
  if (message !== undefined || outcome === undefined) return undefined;
  if (outcome === 'not-stored') return ['bold', 'red'];
  return fine.has(String(outcome)) ? 'green' : ['bold', 'yellow'];
}

const msSuffix = '_ms';

function labelOf(field: string): string {
  const plain = field.endsWith(msSuffix) ? field.slice(0, -msSuffix.length) : field;
  return terminalText(plain.replaceAll('_', ' '));
}

function textOf(field: string, value: unknown): string {
  const text = terminalText(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return field.endsWith(msSuffix) ? `${text} ms` : text;
}

interface Part {
  label?: string;
  text: string;
  format?: Format | undefined;
}

/** Fields stay whole where a line has room for them; others are broken between words, or within long ones. */
function wrap(
  parts: readonly Part[],
  width: number,
  paint: (format: Format | undefined, text: string) => string,
): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const add = (text: string, shown: string, space: string) => {
    if (used > 0 && used + space.length + text.length > width) {
      lines.push(line);
      [line, used] = ['', 0];
    }
    line += (used > 0 ? space : '') + shown;
    used += (used > 0 ? space.length : 0) + text.length;
  };
  for (const { label, text, format } of parts) {
    const whole = label === undefined ? text : `${label} ${text}`;
    const painted = label === undefined ? '' : `${paint('dim', label)} `;
    if (whole.length <= width) {
      add(whole, painted + paint(format, text), gap);
      continue;
    }
    if (label !== undefined) add(label, paint('dim', label), gap);
    // What goes on the line that is begun, then whole lines: each piece has one style.
    let left = width - used - (label === undefined ? gap.length : 1);
    let piece = '';
    const flush = () => {
      if (piece) add(piece, paint(format, piece), ' ');
      [piece, left] = ['', width];
    };
    for (const word of text.split(' ').flatMap((one) => chunks(one, width))) {
      const longer = piece === '' ? word : `${piece} ${word}`;
      if (longer.length > left) flush();
      piece = piece === '' ? word : longer;
    }
    flush();
  }
  return [...lines, line];
}

function chunks(word: string, width: number): string[] {
  if (word.length <= width) return [word];
  const count = Math.ceil(word.length / width);
  return Array.from({ length: count }, (_, at) => word.slice(at * width, (at + 1) * width));
}
