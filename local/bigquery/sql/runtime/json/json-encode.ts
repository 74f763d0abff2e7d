import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { SqlType } from '../../types.ts';
import { dateText, datetimeText, timeText } from '../dates/date-text.ts';
import { decimalText, NUMERIC } from '../values/decimals.ts';
import { floatLiteral, floatText } from '../values/float-text.ts';
import { isoInterval } from '../values/interval-text.ts';
import { type Json, JsonNumber, JsonStruct, parseJson } from './json-tree.ts';

/** Which numbers become strings: none, those that a FLOAT64 cannot hold, or decimals with a fraction as well. */
export type WideNumbers = boolean | 'decimals too';

/**
 * A value as JSON.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
 */
export function encodeJson(type: SqlType, value: DuckDBValue, wideAsText: WideNumbers): Json {
  if (value === null) return null;
  if (type.kind === 'ARRAY') {
    const items = value instanceof DuckDBListValue ? value.items : [];
    return items.map((item) => encodeJson(type.item, item, wideAsText));
  }
  if (type.kind === 'STRUCT') {
    const values = value instanceof DuckDBStructValue ? Object.values(value.entries) : [];
    const members = type.fields.map(
      (field, index) =>
        [field.name ?? '', encodeJson(field.type, values[index] ?? null, wideAsText)] as const,
    );
    // A document keeps the first of equal keys, a printed STRUCT all of them.
    return wideAsText === 'decimals too'
      ? new JsonStruct(members)
      : new Map([...members].reverse().map(([key, value]) => [key, value]));
  }
  return encodeScalar(type.kind, value, wideAsText);
}

function encodeScalar(kind: string, value: DuckDBValue, wideAsText: WideNumbers): Json {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return number(value.toString(), isExact(value), wideAsText);
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Infinity' : 'Infinity';
    return new JsonNumber(wideAsText === 'decimals too' ? floatText(value) : floatLiteral(value));
  }
  if (value instanceof DuckDBDecimalValue || kind === 'BIGNUMERIC') {
    const text =
      value instanceof DuckDBDecimalValue ? decimalText(NUMERIC, value.value) : String(value);
    const isFloat = /^-?\d+$/.test(text) && isExact(BigInt(text));
    const fits = isFloat || (wideAsText !== 'decimals too' && floatText(Number(text)) === text);
    return number(text, fits, wideAsText);
  }
  if (value instanceof DuckDBDateValue) return dateText(value.days);
  if (value instanceof DuckDBTimestampTZValue) return `${datetimeText(value.micros, 'T')}Z`;
  if (value instanceof DuckDBTimestampValue) return datetimeText(value.micros, 'T');
  if (value instanceof DuckDBTimeValue) return timeText(value.micros);
  if (value instanceof DuckDBIntervalValue) return isoInterval(value);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  return kind === 'JSON' ? parseJson(String(value)) : String(value);
}

function number(text: string, isExactFloat: boolean, wideAsText: WideNumbers): Json {
  return isExactFloat || wideAsText === false ? new JsonNumber(text) : text;
}

function isExact(value: bigint): boolean {
  return value >= -(2n ** 53n) && value <= 2n ** 53n;
}
