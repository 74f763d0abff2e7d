import { errors, RelayError } from '../../shared/errors.ts';
import { terminalLines } from '../../shared/terminal-text.ts';

const maxCauses = 5;

/**
 * An error for a terminal. A known error is shown as its message, its code and its remedy. Any other error is
 * shown with its stack and those of its causes. Other members of an error are left out, and so is everything
 * of a URL but its origin, because both may contain keys.
 */
export function describeError(error: unknown): string {
  if (error instanceof RelayError) {
    const { code, message } = error;
    return `${terminalLines(message)}\n  code:   ${code}\n  remedy: ${errors[code].remedy}\n`;
  }
  const stacks: string[] = [];
  for (let at = error; at !== undefined && stacks.length < maxCauses; ) {
    stacks.push(at instanceof Error ? (at.stack ?? at.message) : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return `${terminalLines(hidePaths(stacks.join('\ncaused by: ')))}\n`;
}

function hidePaths(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) => {
    const { origin, href } = URL.parse(url) ?? { origin: '(a URL)', href: '' };
    return href === `${origin}/` ? url : `${origin}/…`;
  });
}
