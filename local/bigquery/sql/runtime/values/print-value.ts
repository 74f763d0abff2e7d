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
import { dateText, datetimeText, timestampText, timeText } from '../dates/date-text.ts';
import { decimalText, NUMERIC } from './decimals.ts';
import { floatLiteral } from './float-text.ts';
import { intervalText } from './interval-text.ts';

/** A value as FORMAT's `%t` (for reading) or `%T` (a literal) prints it. */
export function printValue(type: SqlType, value: DuckDBValue, literal: boolean): string {
  if (value === null) return 'NULL';
  if (type.kind === 'ARRAY') {
    const items = value instanceof DuckDBListValue ? value.items : [];
    return `[${items.map((item) => printValue(type.item, item, literal)).join(', ')}]`;
  }
  if (type.kind === 'STRUCT') {
    const values = value instanceof DuckDBStructValue ? Object.values(value.entries) : [];
    const fields = type.fields.map((field, index) =>
      printValue(field.type, values[index] ?? null, literal),
    );
    return literal && fields.length < 2 ? `STRUCT(${fields.join('')})` : `(${fields.join(', ')})`;
  }
  const text = plainText(value);
  if (!literal) return text;
  switch (type.kind) {
    case 'STRING':
      return quoted(text);
    case 'BYTES':
      return `b${quoted(text, true)}`;
    case 'FLOAT64':
      return /[a-z]$/i.test(text) ? `CAST("${text}" AS FLOAT64)` : text;
    case 'NUMERIC':
    case 'BIGNUMERIC':
    case 'DATE':
    case 'DATETIME':
    case 'TIME':
    case 'TIMESTAMP':
      return `${type.kind} "${text}"`;
    case 'JSON':
      return `JSON ${quoted(text)}`;
    case 'INTERVAL':
      return `INTERVAL "${text}" YEAR TO SECOND`;
    default:
      return text;
  }
}

function plainText(value: DuckDBValue): string {
  if (typeof value === 'number') return floatLiteral(value);
  if (value instanceof DuckDBDecimalValue) return decimalText(NUMERIC, value.value);
  if (value instanceof DuckDBDateValue) return dateText(value.days);
  if (value instanceof DuckDBTimestampTZValue) return timestampText(value.micros, 'UTC');
  if (value instanceof DuckDBTimestampValue) return datetimeText(value.micros);
  if (value instanceof DuckDBTimeValue) return timeText(value.micros);
  if (value instanceof DuckDBIntervalValue) return intervalText(value);
  if (value instanceof DuckDBBlobValue) return escapedBytes(value.bytes);
  return String(value);
}

function escapedBytes(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (byte === 0x5c) return '\\\\';
      return byte >= 0x20 && byte < 0x7f ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** A literal in double quotes, or in single ones if the text holds only double quotes. */
function quoted(text: string, isEscaped = false): string {
  const quote = text.includes('"') && !text.includes("'") ? "'" : '"';
  const body = isEscaped ? text : text.replace(/[\\\n\r\t\0]/g, (char) => ESCAPES[char] ?? char);
  return quote + body.replaceAll(quote, `\\${quote}`) + quote;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\x00',
};
