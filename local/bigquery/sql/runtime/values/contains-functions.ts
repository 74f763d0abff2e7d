import { DuckDBListValue, DuckDBStructValue, type DuckDBValue } from '@duckdb/node-api';
import type { SqlType } from '../../types.ts';
import { defineVariadic, type RuntimeFunction } from '../define.ts';
import { scalarText } from '../json/json-convert.ts';
import { type Json, parseJson } from '../json/json-tree.ts';
import { foldedText } from '../text/text-functions.ts';
import { printValue } from './print-value.ts';
import { typesOf } from './type-descriptor.ts';

/** Whether a value, or one in it, has the text; NULL if only a NULL could have it. */
function containsText(type: SqlType, value: DuckDBValue, part: string): boolean | null {
  if (value === null) return null;
  if (type.kind === 'JSON') return jsonContains(parseJson(String(value)), part);
  const items: [SqlType, DuckDBValue][] | undefined =
    type.kind === 'ARRAY' && value instanceof DuckDBListValue
      ? value.items.map((item) => [type.item, item])
      : type.kind === 'STRUCT' && value instanceof DuckDBStructValue
        ? Object.values(value.entries).map((item, index) => [
            type.fields[index]?.type ?? { kind: 'NULL' },
            item,
          ])
        : undefined;
  if (items === undefined) return foldedText(printValue(type, value, false)).includes(part);
  const found = items.map(([own, item]) => containsText(own, item, part));
  return found.includes(true) ? true : found.includes(null) ? null : false;
}

function jsonContains(json: Json, part: string): boolean {
  if (Array.isArray(json)) return json.some((item) => jsonContains(item, part));
  if (json instanceof Map) return [...json.values()].some((item) => jsonContains(item, part));
  return foldedText(scalarText(json) ?? '').includes(part);
}

export const containsFunctions: RuntimeFunction[] = [
  defineVariadic('contains_in', ['string', 'string'], 'bool', ([types, part], [value = null]) =>
    part === null
      ? null
      : containsText(typesOf(types)[0] ?? { kind: 'NULL' }, value, foldedText(part)),
  ),
];
