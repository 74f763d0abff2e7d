import {
  ANY,
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  type DuckDBValue,
  INTERVAL,
  LIST,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';

export interface Interval {
  months: number;
  days: number;
  micros: bigint;
}

/** The JavaScript value for each code of an argument or a result. Dates are days, times and timestamps microseconds. */
export interface Codes {
  string: string;
  int: bigint;
  float: number;
  bool: boolean;
  bytes: Uint8Array;
  date: number;
  datetime: bigint;
  time: bigint;
  timestamp: bigint;
  /** Units of 10^-9. */
  numeric: bigint;
  interval: Interval;
  any: DuckDBValue;
  strings: (string | null)[];
  ints: (bigint | null)[];
  floats: (number | null)[];
  bytesList: (Uint8Array | null)[];
}
export type Code = keyof Codes;

export const DUCK_TYPES: Readonly<Record<Code, DuckDBType>> = {
  string: VARCHAR,
  int: BIGINT,
  float: DOUBLE,
  bool: BOOLEAN,
  bytes: BLOB,
  date: DATE,
  datetime: TIMESTAMP,
  time: TIME,
  timestamp: TIMESTAMPTZ,
  numeric: DECIMAL(38, 9),
  interval: INTERVAL,
  any: ANY,
  strings: LIST(VARCHAR),
  ints: LIST(BIGINT),
  floats: LIST(DOUBLE),
  bytesList: LIST(BLOB),
};

/** A function of DuckDB that is written in TypeScript. It returns NULL for a NULL argument unless it takes NULLs. */
export interface RuntimeFunction {
  name: string;
  parameters: readonly Code[];
  /** Further arguments of any type. */
  variadic: boolean;
  takesNulls: boolean;
  returns: Code;
  run(args: readonly unknown[]): unknown;
}

type Values<P extends readonly Code[]> = { [K in keyof P]: Codes[P[K]] };

/** A function that returns NULL if one of its arguments is NULL. */
export function define<const P extends readonly Code[], R extends Code>(
  name: string,
  parameters: P,
  returns: R,
  run: (...args: Values<P>) => Codes[R] | null,
): RuntimeFunction {
  return {
    name,
    parameters,
    variadic: false,
    takesNulls: false,
    returns,
    run: (args) => run(...(args as Values<P>)),
  };
}

/** A function of any number of values, NULLs among them, after its first arguments. */
export function defineVariadic<const P extends readonly Code[], R extends Code>(
  name: string,
  parameters: P,
  returns: R,
  run: (first: { [K in keyof P]: Codes[P[K]] | null }, rest: DuckDBValue[]) => Codes[R] | null,
): RuntimeFunction {
  return {
    name,
    parameters,
    variadic: true,
    takesNulls: true,
    returns,
    run: (args) =>
      run(
        args.slice(0, parameters.length) as { [K in keyof P]: Codes[P[K]] | null },
        args.slice(parameters.length) as DuckDBValue[],
      ),
  };
}

/** DuckDB's value as the code's JavaScript value. */
export function fromDuck(value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBTimestampValue) return value.micros;
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBListValue) return value.items.map(fromDuck);
  return value;
}

export function toDuck(code: Code, value: unknown): DuckDBValue {
  if (value === null) return null;
  switch (code) {
    case 'bytes':
      return new DuckDBBlobValue(value as Uint8Array);
    case 'date':
      return new DuckDBDateValue(value as number);
    case 'datetime':
      return new DuckDBTimestampValue(value as bigint);
    case 'timestamp':
      return new DuckDBTimestampTZValue(value as bigint);
    case 'time':
      return new DuckDBTimeValue(value as bigint);
    case 'numeric':
      return new DuckDBDecimalValue(value as bigint, 38, 9);
    case 'interval': {
      const { months, days, micros } = value as Interval;
      return new DuckDBIntervalValue(months, days, micros);
    }
    case 'bytesList':
      return new DuckDBListValue(
        (value as (Uint8Array | null)[]).map((item) => item && new DuckDBBlobValue(item)),
      );
    case 'strings':
    case 'ints':
    case 'floats':
      return new DuckDBListValue(value as DuckDBValue[]);
    default:
      return value as DuckDBValue;
  }
}
