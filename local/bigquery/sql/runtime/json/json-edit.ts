import { follow, type PathStep, parsePath } from './json-path.ts';
import type { Json } from './json-tree.ts';

/** A document with one value set at the path. What does not fit the path is left as it is. */
export function setAt(json: Json, path: readonly PathStep[], value: Json, create: boolean): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const holder = json === null && create ? (typeof step === 'number' ? [] : new Map()) : json;
  if (typeof step === 'number' ? !Array.isArray(holder) : !(holder instanceof Map)) return json;
  const present = follow(holder, [step]);
  if (present === undefined && !create) return json;
  const next = setAt(present ?? null, rest, value, create);
  if (Array.isArray(holder)) {
    const items = [...holder];
    while (items.length <= Number(step)) items.push(null);
    items[Number(step)] = next;
    return items;
  }
  return new Map(holder instanceof Map ? holder : []).set(String(step), next);
}

export function removeAt(json: Json, path: readonly PathStep[]): Json {
  const [step, ...rest] = path;
  if (step === undefined) throw new Error("The JSONPath can't be '$'");
  const present = follow(json, [step]);
  if (present === undefined) return json;
  if (Array.isArray(json)) {
    return rest.length === 0
      ? json.filter((_, index) => index !== step)
      : json.map((item, index) => (index === step ? removeAt(item, rest) : item));
  }
  const copy = new Map(json instanceof Map ? json : []);
  if (rest.length === 0) copy.delete(String(step));
  else copy.set(String(step), removeAt(present, rest));
  return copy;
}

/** Adds values to the end of the array at the path. A JSON null becomes an array. */
export function appendAt(json: Json, path: readonly PathStep[], values: readonly Json[]): Json {
  const found = follow(json, path);
  if (found === undefined || (found !== null && !Array.isArray(found))) return json;
  return setAt(json, path, [...(found ?? []), ...values], false);
}

/** Inserts values at the index with which the path ends. */
export function insertAt(json: Json, path: readonly PathStep[], values: readonly Json[]): Json {
  const index = path.at(-1);
  const holder = follow(json, path.slice(0, -1));
  if (typeof index !== 'number' || holder === undefined) return json;
  if (holder !== null && !Array.isArray(holder)) return json;
  const items = [...(holder ?? [])];
  while (items.length < index) items.push(null);
  items.splice(index, 0, ...values);
  return setAt(json, path.slice(0, -1), items, false);
}

/** Removes JSON nulls from objects and, if wanted, from arrays and what is empty then. */
export function stripNulls(json: Json, arrays: boolean, empty: boolean): Json {
  const isGone = (value: Json, inArray: boolean) => {
    if (value === null) return !inArray || arrays;
    if (!empty) return false;
    return (
      (Array.isArray(value) && arrays && value.length === 0) ||
      (value instanceof Map && value.size === 0)
    );
  };
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) {
      const items = value.map(strip);
      return items.filter((item) => !isGone(item, true));
    }
    if (!(value instanceof Map)) return value;
    const members = [...value].map(([key, item]) => [key, strip(item)] as const);
    return new Map(members.filter(([, item]) => !isGone(item, false)));
  };
  const stripped = strip(json);
  return isGone(stripped, false) ? null : stripped;
}

/** The paths of all keys, sorted; arrays are looked into if `mode` says so. */
export function keysOf(json: Json, maxDepth: number, mode: string): string[] {
  const found = new Set<string>();
  const visit = (value: Json, prefix: string, depth: number, inArray: boolean) => {
    if (Array.isArray(value)) {
      if (mode === 'strict' || (inArray && mode === 'lax')) return;
      for (const item of value) visit(item, prefix, depth, true);
      return;
    }
    if (!(value instanceof Map) || depth > maxDepth) return;
    for (const [key, item] of value) {
      const spelt = /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
      const path = prefix === '' ? spelt : `${prefix}.${spelt}`;
      found.add(path);
      visit(item, path, depth + 1, false);
    }
  };
  visit(json, '', 1, false);
  return [...found].sort();
}

export function pathSteps(path: string | null): PathStep[] | undefined {
  return path === null ? undefined : parsePath(path);
}
