import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { RelayError } from '../../../shared/errors.ts';

/** Sets a variable in `.dev.vars`, in the place where it stands or at the end. All other lines stay. */
export function setVariable(file: string, name: string, value: string): void {
  const text = readText(file);
  const line = `${name}=${quoted(name, value)}`;
  const place = placeOf(text, name);
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  const changed = place
    ? text.slice(0, place.start) + line + text.slice(place.end)
    : `${text}${gap}${line}\n`;
  if (parseEnv(changed)[name] !== value) {
    throw new RelayError('secret.invalid', `${name} can't be written to ${file} by this command`);
  }
  replaceFile(file, changed);
}

/** Removes a variable from `.dev.vars`. Returns false if it is not there. */
export function removeVariable(file: string, name: string): boolean {
  const text = readText(file);
  const place = placeOf(text, name);
  if (!place) return false;
  const after = text.slice(place.end).replace(/^\r?\n/, '');
  replaceFile(file, text.slice(0, place.start) + after);
  return true;
}

/** Where `NAME=…` stands. The last one counts, as when the file is read. */
function placeOf(text: string, name: string): { start: number; end: number } | undefined {
  const values = /'[^']*'|"[^"]*"|`[^`]*`|[^\n\r#]*/.source;
  const assignment = new RegExp(
    `^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*(?:${values})`,
    'gm',
  );
  const match = [...text.matchAll(assignment)].at(-1);
  return match && { start: match.index, end: match.index + match[0].length };
}

/** Readers of dotenv files change nothing in single quotes. */
function quoted(name: string, value: string): string {
  const quote = ["'", '`', '"'].find((each) => !value.includes(each));
  if (quote !== undefined) return quote + value + quote;
  throw new RelayError('secret.invalid', `${name} has every kind of quotation mark`);
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Whole or not at all; only its owner can read it. */
function replaceFile(file: string, text: string): void {
  const path = existsSync(file) ? realpathSync(file) : file;
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}
