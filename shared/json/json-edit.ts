import { findMember } from './json-path.ts';
import { skipSpace, skipValue } from './json-scan.ts';

/**
 * JSON text with the member at `path` set to `raw`, which is JSON text too. Objects that are missing on the way are
 * added. Everything else stays as it was written. Of members with the same name the first is set, because the first is
 * read (json-path.ts).
 *
 * @throws TypeError where a value on the way is not an object
 */
export function setMember(text: string, path: readonly string[], raw: string): string {
  let at = skipSpace(text, 0);
  for (const [depth, name] of path.entries()) {
    if (text[at] !== '{') throw new TypeError('the body lacks the object that is signed');
    const value = findMember(text, at, name);
    if (typeof value !== 'number') return addMember(text, at, path.slice(depth), raw);
    at = value;
  }
  return text.slice(0, at) + raw + text.slice(skipValue(text, at));
}

/** Adds it at the end of the object whose bracket is at `open`. */
function addMember(text: string, open: number, path: readonly string[], raw: string): string {
  const close = skipValue(text, open) - 1;
  const comma = text[skipSpace(text, open + 1)] === '}' ? '' : ',';
  const nested = path.reduceRight<string>(
    (inner, name) => `{${JSON.stringify(name)}:${inner}}`,
    raw,
  );
  return text.slice(0, close) + comma + nested.slice(1, -1) + text.slice(close);
}
