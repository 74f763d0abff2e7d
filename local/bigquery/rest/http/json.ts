export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** Returns an empty object if the value is not an object. */
export function asObject(json: Json | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

/** Returns an empty array if the value is not an array. */
export function asArray(json: Json | undefined): Json[] {
  return Array.isArray(json) ? json : [];
}

export function asText(json: Json | undefined): string | undefined {
  return typeof json === 'string' ? json : undefined;
}

/** Booleans arrive as JSON or as text, in query strings and from some clients: Python's writes `True`. */
export function isTrue(json: Json | undefined): boolean {
  return json === true || (typeof json === 'string' && json.toLowerCase() === 'true');
}

/** int64 values are strings in Google's JSON and numbers from many clients. */
export function asCount(json: Json | undefined): number | undefined {
  const count = typeof json === 'string' && json !== '' ? Number(json) : json;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : undefined;
}
