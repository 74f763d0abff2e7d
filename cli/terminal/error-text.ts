import { getSystemErrorMessage } from 'node:util';
import { errors, RelayError } from '../../shared/errors.ts';
import { terminalLines } from '../../shared/terminal-text.ts';
import { styled } from './style.ts';

const maxCauses = 5;

/** https://nodejs.org/api/errors.html#common-system-errors, those of files. */
const fileCodes: ReadonlySet<string> = new Set(
  'EACCES EBUSY EEXIST EISDIR EMFILE ENAMETOOLONG ENOENT ENOSPC ENOTDIR ENOTEMPTY EPERM EROFS'.split(
    ' ',
  ),
);

/**
 * An error for a terminal. A known error is shown as its message, its code and its remedy. Any other error is
 * shown with its stack and those of its causes. Other members of an error are left out, and so is everything
 * of a URL but its origin, because both may contain keys.
 */
export function describeError(error: unknown): string {
  const known = asRelayError(error);
  if (known) {
    const { code, message } = known;
    const faint = (text: string) => styled('faint', text, process.stderr);
    return [
      styled('error', terminalLines(message), process.stderr),
      `  ${faint('code:')}   ${code}`,
      `  ${faint('remedy:')} ${errors[code].remedy}`,
      '',
    ].join('\n');
  }
  const stacks: string[] = [];
  for (let at = error; at !== undefined && stacks.length < maxCauses; ) {
    stacks.push(at instanceof Error ? (at.stack ?? at.message) : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return `${terminalLines(hidePaths(stacks.join('\ncaused by: ')))}\n`;
}

/** The same for programs: what a command with `--json` prints if it fails. */
export function errorDocument(error: unknown): object {
  const known = asRelayError(error);
  if (known) {
    const { code, message } = known;
    return { ok: false, error: { code, message, remedy: errors[code].remedy } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const isMisuse = error instanceof Error && error.name === 'CommanderError';
  const said = isMisuse ? message.replace(/^error: /, '').split('\n')[0] : hidePaths(message);
  return { ok: false, error: { code: isMisuse ? 'arguments.invalid' : 'unknown', message: said } };
}

/** A file that the system refuses is known too, whoever asked for it. */
function asRelayError(error: unknown): RelayError | undefined {
  if (error instanceof RelayError) return error;
  if (!(error instanceof Error)) return undefined;
  const { code = '', errno, path, syscall } = error as NodeJS.ErrnoException;
  if (errno === undefined || !fileCodes.has(code)) return undefined;
  const problem = [path, getSystemErrorMessage(errno), `(${syscall})`]
    .filter(Boolean)
    .join(': ')
    .replace(': (', ' (');
  return new RelayError('file.unusable', problem, { cause: error });
}

function hidePaths(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) => {
    const { origin, href } = URL.parse(url) ?? { origin: '(a URL)', href: '' };
    return href === `${origin}/` ? url : `${origin}/…`;
  });
}
