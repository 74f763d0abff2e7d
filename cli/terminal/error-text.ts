import { RelayError } from '../../shared/error.ts';
import { terminalLines } from '../../shared/terminal-text.ts';

const maxCauses = 5;

/**
 * An error for a terminal. What a person can mend is said in a sentence; only the unexpected deserves a stack,
 * with those of its causes. Their other members are left out, and of URLs all but the origin: requests with
 * their keys hang on them.
 */
export function describeError(error: unknown): string {
  if (error instanceof RelayError) return `${terminalLines(error.message)}\n`;
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
