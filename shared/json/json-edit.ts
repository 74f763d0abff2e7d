import { findMember, type JsonPath } from './json-path.ts';
import { skipSpace, skipValue } from './json-scan.ts';

/**
 * JSON text with the value at `path` set to `raw`, which is JSON text too. What is missing on the way is added: objects,
 * and arrays, with null for the items before. `[]` is the first item. Everything else stays as it was written. Of
 * members with the same name the first is set, because the first is read (json-path.ts).
 *
 * @throws TypeError where a value on the way is not the object or array that the path needs
 */
export function setMember(text: string, path: JsonPath, raw: string): string {
  let at = skipSpace(text, 0);
  for (const [depth, step] of path.entries()) {
    const value = typeof step === 'string' ? memberAt(text, at, step) : itemAt(text, at, step ?? 0);
    if (typeof value !== 'number') return add(text, at, value.before, path.slice(depth), raw);
    at = value;
  }
  return text.slice(0, at) + raw + text.slice(skipValue(text, at));
}

/** `before`: how many nulls stand before the new item. */
interface Missing {
  before: number;
}

function memberAt(text: string, open: number, name: string): number | Missing {
  if (text[open] !== '{') throw new TypeError('the body lacks the object that is signed');
  const value = findMember(text, open, name);
  return typeof value === 'number' ? value : { before: 0 };
}

function itemAt(text: string, open: number, wanted: number): number | Missing {
  if (text[open] !== '[') throw new TypeError('the body lacks the array that is signed');
  let at = skipSpace(text, open + 1);
  if (text[at] === ']') return { before: wanted };
  for (let index = 0; ; index++) {
    if (index === wanted) return at;
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ']') return { before: wanted - index - 1 };
    at = skipSpace(text, at + 1);
  }
}

/** Adds it at the end of the object or array whose bracket is at `open`. */
function add(text: string, open: number, before: number, path: JsonPath, raw: string): string {
  const close = skipValue(text, open) - 1;
  const isEmpty = skipSpace(text, open + 1) === close;
  const nested = path.reduceRight<string>(
    (inner, step) =>
      typeof step === 'string'
        ? `{${JSON.stringify(step)}:${inner}}`
        : `[${'null,'.repeat(step ?? 0)}${inner}]`,
    raw,
  );
  // Of the first step only the missing items before it are added.
  const added =
    typeof path[0] === 'string'
      ? nested.slice(1, -1)
      : 'null,'.repeat(before) + nested.slice(1 + 'null,'.length * (path[0] ?? 0), -1);
  return `${text.slice(0, close)}${isEmpty ? '' : ','}${added}${text.slice(close)}`;
}
