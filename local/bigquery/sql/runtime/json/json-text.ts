import { floatLiteral } from '../values/float-text.ts';
import { type Json, JsonNumber, JsonStruct, parseJson } from './json-tree.ts';

/** The text of a document without spaces. A value of type JSON has its keys sorted. */
export function jsonText(json: Json, sorted = true): string {
  if (json instanceof JsonNumber) return numberText(json);
  if (Array.isArray(json)) return `[${json.map((item) => jsonText(item, sorted)).join(',')}]`;
  const members = membersOf(json, sorted);
  if (members === undefined) return JSON.stringify(json);
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value, sorted)}`).join(',')}}`;
}

/** The text of a part of a STRING, which keeps its numbers as they were written. */
export function partText(json: Json): string {
  if (json instanceof JsonNumber) return json.text;
  if (Array.isArray(json)) return `[${json.map(partText).join(',')}]`;
  const members = membersOf(json, false);
  if (members === undefined) return JSON.stringify(json);
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${partText(value)}`).join(',')}}`;
}

function membersOf(json: Json, sorted: boolean): (readonly [string, Json])[] | undefined {
  if (json instanceof JsonStruct) return [...json.members];
  if (!(json instanceof Map)) return undefined;
  const members = [...json];
  return sorted ? members.sort(([a], [b]) => (a < b ? -1 : 1)) : members;
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
  const members = membersOf(json, sorted);
  if (members === undefined || members.length === 0) return jsonText(json, sorted);
  const lines = members.map(
    ([key, value]) => `${inner}${JSON.stringify(key)}: ${prettyText(value, sorted, inner)}`,
  );
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

export function prettyJson(text: string): string {
  return prettyText(parseJson(text), true);
}
