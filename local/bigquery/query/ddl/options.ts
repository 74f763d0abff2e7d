import type { Token } from '../../sql/lexer.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';

export type OptionValue = string | number | boolean | null | OptionValue[];

/** `OPTIONS(description = "…", labels = [("a", "b")], …)`, by name in small letters. */
export function readOptions(tokens: readonly Token[]): Map<string, OptionValue> {
  const cursor = new TokenCursor(tokens);
  const options = new Map<string, OptionValue>();
  while (!cursor.done) {
    const name = cursor.name().toLowerCase();
    cursor.expect('=');
    options.set(name, readValue(cursor));
    // What follows a value, as in `TIMESTAMP_ADD(…)`, is not evaluated.
    if (!cursor.done && !cursor.accept(',')) throw unexpected(cursor.peek());
  }
  return options;
}

function readValue(cursor: TokenCursor): OptionValue {
  const token = cursor.take();
  if (token.kind === 'string') return token.text;
  if (token.kind === 'number') return Number(token.text);
  if (token.text === '-') return -Number(cursor.take().text);
  if (token.text === '[' || token.text === '(') {
    const close = token.text === '[' ? ']' : ')';
    const items: OptionValue[] = [];
    while (!cursor.accept(close)) {
      items.push(readValue(cursor));
      cursor.accept(',');
    }
    return items;
  }
  const word = token.text.toUpperCase();
  if (word === 'TRUE' || word === 'FALSE') return word === 'TRUE';
  if (word === 'NULL') return null;
  if (word === 'STRUCT') return readValue(cursor);
  if (
    ['TIMESTAMP', 'DATE', 'INTERVAL', 'NUMERIC'].includes(word) &&
    cursor.peek()?.kind === 'string'
  )
    return cursor.take().text;
  if (cursor.peek()?.text === '(') {
    cursor.group();
    return token.text;
  }
  throw unexpected(token);
}

/** The REST property of each option of a table or a dataset. */
const PROPERTIES: Readonly<Record<string, string>> = {
  description: 'description',
  friendly_name: 'friendlyName',
  default_table_expiration_days: 'defaultTableExpirationMs',
  default_partition_expiration_days: 'defaultPartitionExpirationMs',
  kms_key_name: 'kmsKeyName',
  max_time_travel_hours: 'maxTimeTravelHours',
  storage_billing_model: 'storageBillingModel',
  max_staleness: 'maxStaleness',
  enable_refresh: 'enableRefresh',
  default_rounding_mode: 'defaultRoundingMode',
};

/** The options as the resource's properties. A NULL removes one. */
export function optionProperties(
  options: ReadonlyMap<string, OptionValue>,
): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const [name, value] of options) {
    if (name === 'labels' && Array.isArray(value)) {
      properties['labels'] = Object.fromEntries(
        value.map((pair) => (pair as string[]).map(String) as [string, string]),
      );
    } else if (name === 'expiration_timestamp') {
      properties['expirationTime'] = value === null ? null : String(Date.parse(String(value)));
    } else if (/_days$/.test(name) && Object.hasOwn(PROPERTIES, name)) {
      properties[PROPERTIES[name] ?? name] =
        value === null ? null : String(Number(value) * 86_400_000);
    } else if (Object.hasOwn(PROPERTIES, name)) properties[PROPERTIES[name] ?? name] = value;
  }
  return properties;
}

export function textOption(
  options: ReadonlyMap<string, OptionValue>,
  name: string,
): string | undefined {
  const found = options.get(name);
  return typeof found === 'string' ? found : undefined;
}
