import { terminalText } from '../../../shared/terminal-text.ts';

/**
 * Text of a sender, as one line. Control characters and those that turn the order of text are shown as \u202e, because
 * they could make a line look like another one.
 */
export function Text({ text, max }: { text: string | null | undefined; max?: number }) {
  if (text === null || text === undefined) return <span class="faint">–</span>;
  const shown = terminalText(text);
  const isCut = max !== undefined && shown.length > max;
  return (
    <bdi title={isCut ? shown.slice(0, 2000) : undefined}>
      {isCut ? `${shown.slice(0, max).toWellFormed()}…` : shown}
    </bdi>
  );
}

export { terminalText as safeText } from '../../../shared/terminal-text.ts';
