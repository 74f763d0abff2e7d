import { skipSpace, skipString, skipValue } from './json-scan.ts';

/** A member's name, an item's index, or null for every item of an array. */
type Step = string | number | null;

/** Where values stand in JSON: `$.items[].sku` is the sku of every item. `$` is the whole value. */
export type JsonPath = readonly Step[];

export type JsonPathReading =
  | { ok: true; path: JsonPath }
  /** `at` is an index of the text, in UTF-16 units. */
  | { ok: false; at: number; reason: string };

const maxSteps = 32;
const step = /\.([^.[\]'"\s]+)|\[(\d{1,9})\]|\[\]|\['((?:[^'\\]|\\['\\])+)'\]/y;

/** Reads `$`, `.name`, `['any name']`, `[0]` and `[]`. */
export function parseJsonPath(text: string): JsonPathReading {
  if (!text.startsWith('$')) return { ok: false, at: 0, reason: 'a path begins with $' };
  const path: Step[] = [];
  for (let at = 1; at < text.length; at = step.lastIndex) {
    step.lastIndex = at;
    const found = step.exec(text);
    if (!found) return { ok: false, at, reason: "expected .name, ['name'], [0] or []" };
    if (path.length === maxSteps) return { ok: false, at, reason: `more than ${maxSteps} steps` };
    const [, name, index, quoted] = found;
    if (index !== undefined) path.push(Number(index));
    else path.push(name ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? null);
  }
  return { ok: true, path };
}

/**
 * The raw text of each value at `path`, as it was sent. Of members with the same name the first counts (RFC 8259,
 * section 4, leaves it open), so that a search can end at the first match.
 *
 * Undefined if the text ends or breaks before the answer is certain; never for text that JSON.parse accepts.
 */
export function findValues(text: string, path: JsonPath): string[] | undefined {
  const found: string[] = [];
  return collect(text, skipSpace(text, 0), path, 0, found) ? found : undefined;
}

/** Takes one step at a time; false if the text ends first. */
function collect(
  text: string,
  at: number,
  path: JsonPath,
  depth: number,
  found: string[],
): boolean {
  const step = path[depth];
  if (step === undefined) {
    const end = skipValue(text, at);
    // A value inside another value that reaches the end of the text is cut.
    if (end === -1 || (end === text.length && depth > 0)) return false;
    found.push(text.slice(at, end));
    return true;
  }
  if (typeof step === 'string') {
    if (text[at] !== '{') return at < text.length;
    const value = findMember(text, at, step);
    return typeof value === 'number' ? collect(text, value, path, depth + 1, found) : value;
  }
  if (text[at] !== '[') return at < text.length;
  return collectItems(text, at, step, (item) => collect(text, item, path, depth + 1, found));
}

/**
 * The index of the value of a member of the object at `open`; true if the object certainly lacks it, false if the object
 * is cut or broken.
 */
export function findMember(text: string, open: number, name: string): number | boolean {
  let at = skipSpace(text, open + 1);
  if (text[at] === '}') return true;
  for (;;) {
    if (text[at] !== '"') return false;
    const keyEnd = skipString(text, at);
    const colon = keyEnd === -1 ? -1 : skipSpace(text, keyEnd);
    if (colon === -1 || text[colon] !== ':') return false;
    const value = skipSpace(text, colon + 1);
    if (isKey(text.slice(at + 1, keyEnd - 1), name)) return value;
    const end = skipValue(text, value);
    if (end === -1) return false;
    at = skipSpace(text, end);
    if (text[at] === '}') return true;
    if (text[at] !== ',') return false;
    at = skipSpace(text, at + 1);
  }
}

function isKey(raw: string, name: string): boolean {
  if (!raw.includes('\\')) return raw === name;
  try {
    return JSON.parse(`"${raw}"`) === name;
  } catch {
    return false;
  }
}

function collectItems(
  text: string,
  open: number,
  wanted: number | null,
  take: (item: number) => boolean,
): boolean {
  let at = skipSpace(text, open + 1);
  if (text[at] === ']') return true;
  for (let index = 0; ; index++) {
    if (wanted === null || wanted === index) {
      if (!take(at)) return false;
      if (wanted === index) return true;
    }
    const end = skipValue(text, at);
    if (end === -1) return false;
    at = skipSpace(text, end);
    if (text[at] === ']') return true;
    if (text[at] !== ',') return false;
    at = skipSpace(text, at + 1);
  }
}
