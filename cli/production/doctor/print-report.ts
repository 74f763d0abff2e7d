import { styleText } from 'node:util';
import { terminalText } from '../../../shared/terminal-text.ts';
import type { CheckResult, CheckState, Remedy } from './check.ts';

const width = 80;
const titleWidth = 23;
const indent = ' '.repeat('skipped  '.length);

const colors = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const;

/** One check: its state, what was found, and below it what is wrong and what to do, in 80 columns. */
export function describeResult(result: CheckResult): string {
  const { state, title, found, problems = [] } = result;
  const label = styleText(colors[state], state.padEnd(indent.length));
  const [first = '', ...rest] = wrap(terminalText(found), width - indent.length - titleWidth);
  const lines = [`${label}${title.padEnd(titleWidth)}${first}`.trimEnd()];
  lines.push(...rest.map((line) => indent + ' '.repeat(titleWidth) + line));
  for (const { problem, ...remedy } of problems) {
    const [start = '', ...more] = wrap(terminalText(problem), width - indent.length - 2);
    lines.push(`${indent}- ${start}`, ...more.map((line) => `${indent}  ${line}`));
    lines.push(...describeRemedy(remedy, `${indent}  `));
  }
  lines.push(...describeRemedy(result, indent));
  return lines.map((line) => `${line}\n`).join('');
}

function describeRemedy({ remedy, command }: Remedy, before: string): string[] {
  const lines = remedy === undefined ? [] : wrap(terminalText(remedy), width - before.length - 2);
  return [
    ...lines.map((line, index) => `${before}${index === 0 ? '→ ' : '  '}${line}`),
    ...(command === undefined ? [] : foldCommand(command, `${before}  `)),
  ];
}

/** How many of each state. */
export function describeTotal(results: readonly CheckResult[]): string {
  const states: CheckState[] = ['ok', 'warning', 'failed', 'skipped'];
  const counts = states.flatMap((state) => {
    const count = results.filter((result) => result.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return `\n${counts.join(', ')}.\n`;
}

/** Breaks a text between words, and inside of one that fits no line. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  const words = text
    .split(' ')
    .flatMap((word) => word.match(RegExp(`.{1,${columns}}`, 'gu')) ?? '');
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A command line in several, which a shell takes as one. It is broken only before an option. */
function foldCommand(command: string, before: string): string[] {
  const lines: string[] = [];
  for (const whole of command.split('\n')) {
    let line = '';
    for (const part of terminalText(whole).split(/ (?=--\w)/)) {
      const room = width - before.length - ' \\'.length - (lines.length > 0 ? 2 : 0);
      if (line !== '' && line.length + 1 + part.length > room) {
        lines.push(`${line} \\`);
        line = part;
      } else line = line === '' ? part : `${line} ${part}`;
    }
    lines.push(line);
  }
  return lines.map((line, index) => `${before}${index === 0 ? '' : '  '}${line}`);
}
