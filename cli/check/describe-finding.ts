import { terminalText } from '../../shared/terminal-text.ts';
import { styled } from '../terminal/style.ts';
import type { Finding } from './finding.ts';

/** A problem or a warning for standard error. */
export function describeFinding(
  kind: 'error' | 'warning',
  { file, line, path, message, remedy }: Finding,
): string {
  const place = line === undefined ? file : `${file}:${line}`;
  const what = [path, message].filter((text) => text !== '').join(' ');
  return [
    `${styled(kind, kind, process.stderr)} ${styled('faint', terminalText(place), process.stderr)}`,
    `  ${terminalText(what)}`,
    `  ${styled('faint', 'remedy:', process.stderr)} ${terminalText(remedy)}`,
    '',
    '',
  ].join('\n');
}
