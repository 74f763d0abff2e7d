import { floatLiteral } from '../values/float-text.ts';
import { type Json, JsonNumber, parseJson } from './json-tree.ts';

/** The text of a document without spaces. A value of type JSON has its keys sorted. */
export function jsonText(json: Json, sorted = true): string {
  if (json instanceof JsonNumber) return numberText(json);
  if (Array.isArray(json)) return `[${json.map((item) => jsonText(item, sorted)).join(',')}]`;
  if (!(json instanceof Map)) return JSON.stringify(json);
  const members = [...json];
  if (sorted) members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value, sorted)}`).join(',')}}`;
}

/** Integers of 64 bits are exact; other numbers are FLOAT64. */
export function numberText({ text, isInteger }: JsonNumber): string {
  if (isInteger) {
    const value = BigInt(text);
    if (value >= -(2n ** 63n) && value < 2n ** 64n)
      return value === 0n && text !== '-0' ? '0' : text;
  }
  return floatLiteral(Number(text));
}

/** Indented by two spaces, with empty containers on one line. */
export function prettyText(json: Json, sorted: boolean, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(json) && json.length > 0) {
    const items = json.map((item) => inner + prettyText(item, sorted, inner));
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (!(json instanceof Map) || json.size === 0) return jsonText(json, sorted);
  const members = [...json];
  if (sorted) members.sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = members.map(
    ([key, value]) => `${inner}${JSON.stringify(key)}: ${prettyText(value, sorted, inner)}`,
  );
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

export function prettyJson(text: string): string {
  return prettyText(parseJson(text), true);
}
