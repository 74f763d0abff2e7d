export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** An empty object where the value is none. */
export function asObject(json: Json | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

/** An empty array where the value is none. */
export function asArray(json: Json | undefined): Json[] {
  return Array.isArray(json) ? json : [];
}

export function asText(json: Json | undefined): string | undefined {
  return typeof json === 'string' ? json : undefined;
}

/** Booleans come as JSON or, in a query string and from some clients, as text. */
export function isTrue(json: Json | undefined): boolean {
  return json === true || json === 'true';
}

/** int64 values come as strings in Google's JSON, and from many clients as numbers. */
export function asCount(json: Json | undefined): number | undefined {
  const count = typeof json === 'string' && json !== '' ? Number(json) : json;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : undefined;
}
