import { bignumericMacros } from './bignumeric.ts';

/**
 * GoogleSQL functions that the translator to DuckDB's SQL does not know or gets wrong. A call of NAME
 * becomes a call of the DuckDB macro bq_name. Each entry lists overloads as `(parameters) AS body`. Date
 * parts are strings: `'DAY'`, `'WEEK'`.
 */
export const MACROS: Readonly<Record<string, readonly string[]>> = {
  ...jsonFunctions(),
  ...timestampFunctions(),
  ...dateFunctions(),
  ...textFunctions(),
  ...otherFunctions(),
};

/** Functions that need a constant format or pattern in DuckDB; constant-arguments.ts rewrites their calls. */
export const CONSTANT_ARGUMENT_FUNCTIONS = new Set([
  'FORMAT_TIMESTAMP',
  'FORMAT_DATETIME',
  'FORMAT_DATE',
  'FORMAT_TIME',
  'PARSE_TIMESTAMP',
  'PARSE_DATETIME',
  'PARSE_DATE',
  'PARSE_TIME',
  'REGEXP_EXTRACT',
  'REGEXP_SUBSTR',
  'REGEXP_EXTRACT_ALL',
]);

/** Functions that DuckDB has under another name. */
export const RENAMED: Readonly<Record<string, string>> = {
  FORMAT: 'printf',
  RAND: 'random',
  FROM_BASE64: 'from_base64',
  TO_BASE64: 'base64',
  FROM_HEX: 'unhex',
  CHARACTER_LENGTH: 'length',
};

export const MACRO_PREFIX = 'bq_';

/** The statements that define all macros. They run each time a database is opened. */
export function macroStatements(): string[] {
  return [...Object.entries(INNER), ...Object.entries(MACROS)].map(
    ([name, overloads]) =>
      `CREATE OR REPLACE MACRO ${MACRO_PREFIX}${name.toLowerCase()}${overloads.join(', ')}`,
  );
}

/** Macros for other macros and for rewritten syntax. */
const INNER: Readonly<Record<string, readonly string[]>> = {
  // `$['a b']` is `$."a b"` to DuckDB.
  path: [`(p) AS regexp_replace(p, '\\[''([^'']*)''\\]', '."\\1"', 'g')`],
  json: ['(j) AS CAST(j AS JSON)'],
  // A WEEK begins on Sunday in BigQuery. DuckDB's week begins on Monday, as ISOWEEK.
  unit: [
    `(part) AS CASE upper(part) WHEN 'ISOWEEK' THEN 'week' WHEN 'WEEK' THEN 'week'
      WHEN 'WEEK_SUNDAY' THEN 'week' WHEN 'WEEK_MONDAY' THEN 'week' WHEN 'ISOYEAR' THEN 'isoyear'
      ELSE lower(part) END`,
  ],
  trunc: [
    `(x, part) AS CASE WHEN upper(part) IN ('WEEK', 'WEEK_SUNDAY')
      THEN date_trunc('week', x + INTERVAL 1 DAY) - INTERVAL 1 DAY
      ELSE date_trunc(bq_unit(part), x) END`,
  ],
  zoned: ['(t, zone) AS timezone(zone, CAST(t AS TIMESTAMPTZ))'],
  civil: ['(t) AS CAST(t AS TIMESTAMP)'],
  on_epoch: [`(t) AS DATE '1970-01-01' + t`],
  short_seconds: [`(t) AS rtrim(rtrim(strftime(t, '%S.%f'), '0'), '.')`],
  exact_seconds: [`(t, n) AS rtrim(left(rpad(strftime(t, '%S.%f'), 12, '0'), n + 3), '.')`],
  joined: ['(a, b) AS a || b'],
  extract_whole: ['(s, r) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, 0) END'],
  extract_group: ['(s, r) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, 1) END'],
  extract_all_whole: ['(s, r) AS regexp_extract_all(s, r, 0)'],
  extract_all_group: ['(s, r) AS regexp_extract_all(s, r, 1)'],
  clock: ['(x) AS CAST(x AS TIME)'],
  unzoned: ['(t, zone) AS timezone(zone, t)'],
  divide: [`(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a / b END`],
  numeric: ['(x) AS CAST(x AS DECIMAL(38, 9))'],
  safe_numeric: ['(x) AS TRY_CAST(x AS DECIMAL(38, 9))'],
  ...bignumericMacros(),
  safe_timestamp: ['(x) AS TRY_CAST(x AS TIMESTAMPTZ)'],
  bytes: ['(x) AS from_hex(x)'],
  explode: ['(a) AS unnest(a)'],
  offsets: ['(a) AS generate_subscripts(a, 1) - 1'],
  head: ['(a, n) AS a[1:n]'],
  safe_at: ['(a, n) AS CASE WHEN n >= 0 THEN a[n + 1] END'],
  at: [
    `(a, n) AS CASE WHEN n < 0 OR n >= len(a) THEN error('Array index ' || n || ' is out of bounds')
      ELSE a[n + 1] END`,
  ],
  member: [`(j, key) AS json_extract(j, '$."' || key || '"')`],
  extract_dayofweek: ['(t) AS dayofweek(t) + 1'],
  extract_date: ['(t) AS CAST(t AS DATE)'],
  extract_time: ['(t) AS CAST(CAST(t AS TIMESTAMP) AS TIME)'],
  extract_datetime: ['(t) AS CAST(t AS TIMESTAMP)'],
  extract_millisecond: ['(t) AS millisecond(t) % 1000'],
  extract_microsecond: ['(t) AS microsecond(t) % 1000000'],
  extract_week: [`(t) AS CAST(strftime(CAST(t AS TIMESTAMP), '%U') AS BIGINT)`],
  extract_isoweek: ['(t) AS week(t)'],
};

function jsonFunctions(): Record<string, string[]> {
  const scalar = `CASE WHEN json_type(bq_json(j), bq_path(p)) IN ('OBJECT', 'ARRAY') THEN NULL
    ELSE json_extract_string(bq_json(j), bq_path(p)) END`;
  const value = [`(j) AS bq_json_value(j, '$')`, `(j, p) AS ${scalar}`];
  const query = ['(j) AS bq_json(j)', '(j, p) AS json_extract(bq_json(j), bq_path(p))'];
  const strings = (path: string) => `CAST(json_extract(bq_json(j), ${path}) AS VARCHAR[])`;
  const texts = [`(j) AS ${strings("'$'")}`, `(j, p) AS ${strings('bq_path(p)')}`];
  const items = (path: string) => `CAST(json_extract(bq_json(j), ${path}) AS JSON[])`;
  const parts = [`(j) AS ${items("'$'")}`, `(j, p) AS ${items('bq_path(p)')}`];
  const text = "json_extract_string(bq_json(j), '$')";
  return {
    JSON_VALUE: [
      `(j) AS CASE WHEN json_type(bq_json(j)) IN ('OBJECT', 'ARRAY') THEN NULL
      ELSE ${text} END`,
      `(j, p) AS ${scalar}`,
    ],
    JSON_EXTRACT_SCALAR: value,
    JSON_QUERY: query,
    JSON_EXTRACT: query,
    JSON_VALUE_ARRAY: texts,
    JSON_EXTRACT_STRING_ARRAY: texts,
    JSON_QUERY_ARRAY: parts,
    JSON_EXTRACT_ARRAY: parts,
    PARSE_JSON: ['(j) AS CAST(j AS JSON)'],
    TO_JSON: ['(x) AS to_json(x)'],
    TO_JSON_STRING: ['(x) AS CAST(to_json(x) AS VARCHAR)'],
    STRING: [
      `(j) AS CASE WHEN typeof(j) = 'JSON' THEN ${text} ELSE CAST(j AS VARCHAR) END`,
      `(t, zone) AS strftime(timezone(zone, CAST(t AS TIMESTAMPTZ)), '%Y-%m-%d %H:%M:%S')`,
    ],
    INT64: [`(j) AS CAST(${text} AS BIGINT)`],
    FLOAT64: [`(j) AS CAST(${text} AS DOUBLE)`],
    BOOL: [`(j) AS CAST(${text} AS BOOLEAN)`],
    LAX_STRING: ["(j) AS bq_json_value(j, '$')"],
    LAX_INT64: [`(j) AS TRY_CAST(${text} AS BIGINT)`],
    LAX_FLOAT64: [`(j) AS TRY_CAST(${text} AS DOUBLE)`],
    LAX_BOOL: [`(j) AS TRY_CAST(${text} AS BOOLEAN)`],
    JSON_TYPE: [
      `(j) AS CASE json_type(bq_json(j)) WHEN 'VARCHAR' THEN 'string' WHEN 'OBJECT' THEN 'object'
        WHEN 'ARRAY' THEN 'array' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null'
        WHEN NULL THEN NULL ELSE 'number' END`,
    ],
  };
}

function timestampFunctions(): Record<string, string[]> {
  const add = ['(t, i) AS t + i'];
  const subtract = ['(t, i) AS t - i'];
  return {
    TIMESTAMP: [
      '(x) AS CAST(x AS TIMESTAMPTZ)',
      '(x, zone) AS timezone(zone, CAST(x AS TIMESTAMP))',
    ],
    TIMESTAMP_ADD: add,
    TIMESTAMP_SUB: subtract,
    DATETIME_ADD: add,
    DATETIME_SUB: subtract,
    TIME_ADD: add,
    TIME_SUB: subtract,
    // Counts whole elapsed units; DATE_DIFF and DATETIME_DIFF count crossed boundaries.
    TIMESTAMP_DIFF: ['(a, b, part) AS datesub(bq_unit(part), b, a)'],
    DATETIME_DIFF: ['(a, b, part) AS datediff(bq_unit(part), b, a)'],
    TIME_DIFF: ['(a, b, part) AS datediff(bq_unit(part), b, a)'],
    TIMESTAMP_TRUNC: [
      '(t, part) AS bq_trunc(t, part)',
      '(t, part, zone) AS timezone(zone, bq_trunc(timezone(zone, t), part))',
    ],
    DATETIME_TRUNC: ['(t, part) AS bq_trunc(t, part)'],
    TIMESTAMP_SECONDS: ["(n) AS timezone('UTC', make_timestamp(CAST(n AS BIGINT) * 1000000))"],
    TIMESTAMP_MILLIS: ["(n) AS timezone('UTC', make_timestamp(CAST(n AS BIGINT) * 1000))"],
    TIMESTAMP_MICROS: ["(n) AS timezone('UTC', make_timestamp(CAST(n AS BIGINT)))"],
    UNIX_SECONDS: ['(t) AS CAST(floor(epoch_us(t) / 1000000) AS BIGINT)'],
    UNIX_MILLIS: ['(t) AS CAST(floor(epoch_us(t) / 1000) AS BIGINT)'],
    UNIX_MICROS: ['(t) AS epoch_us(t)'],
    DATETIME: [
      '(x) AS CAST(x AS TIMESTAMP)',
      '(x, zone) AS timezone(zone, CAST(x AS TIMESTAMPTZ))',
      '(y, mo, d, h, mi, s) AS make_timestamp(y, mo, d, h, mi, s)',
    ],
    CURRENT_DATETIME: [
      "() AS timezone('UTC', get_current_timestamp())",
      '(zone) AS timezone(zone, get_current_timestamp())',
    ],
    CURRENT_TIME: ["() AS CAST(timezone('UTC', get_current_timestamp()) AS TIME)"],
    TIME: ['(x) AS CAST(CAST(x AS TIMESTAMP) AS TIME)', '(h, m, s) AS make_time(h, m, s)'],
  };
}

function dateFunctions(): Record<string, string[]> {
  return {
    DATE: [
      '(x) AS CAST(x AS DATE)',
      '(x, zone) AS CAST(timezone(zone, CAST(x AS TIMESTAMPTZ)) AS DATE)',
      '(y, m, d) AS make_date(y, m, d)',
    ],
    DATE_ADD: ['(d, i) AS CAST(d + i AS DATE)'],
    DATE_SUB: ['(d, i) AS CAST(d - i AS DATE)'],
    DATE_DIFF: [
      // DuckDB's own difference in weeks counts neither Sundays nor Mondays.
      `(a, b, part) AS CASE WHEN contains(upper(part), 'WEEK')
        THEN (CAST(bq_trunc(a, part) AS DATE) - CAST(bq_trunc(b, part) AS DATE)) // 7
        ELSE datediff(bq_unit(part), b, a) END`,
    ],
    DATE_TRUNC: ['(d, part) AS CAST(bq_trunc(d, part) AS DATE)'],
    DATE_FROM_UNIX_DATE: [`(n) AS DATE '1970-01-01' + CAST(n AS INTEGER)`],
    UNIX_DATE: [`(d) AS datediff('day', DATE '1970-01-01', d)`],
    LAST_DAY: ['(d) AS last_day(d)'],
  };
}

function textFunctions(): Record<string, string[]> {
  return {
    REGEXP_CONTAINS: ['(s, r) AS regexp_matches(s, r)'],
    REGEXP_REPLACE: [`(s, r, t) AS regexp_replace(s, r, t, 'g')`],
    SPLIT: [`(s) AS str_split(s, ',')`, '(s, d) AS str_split(s, d)'],
    BYTE_LENGTH: [
      `(s) AS CASE typeof(s) WHEN 'BLOB' THEN octet_length(CAST(s AS BLOB))
        ELSE strlen(CAST(s AS VARCHAR)) END`,
    ],
    CONTAINS_SUBSTR: ['(a, b) AS contains(lower(CAST(a AS VARCHAR)), lower(b))'],
    TO_HEX: ['(b) AS lower(hex(b))'],
    MD5: ['(x) AS unhex(md5(x))'],
    SHA1: ['(x) AS unhex(sha1(x))'],
    SHA256: ['(x) AS unhex(sha256(x))'],
    SAFE_CONVERT_BYTES_TO_STRING: ['(b) AS TRY(decode(b))'],
    NORMALIZE: ['(s) AS nfc_normalize(s)'],
  };
}

function otherFunctions(): Record<string, string[]> {
  return {
    IEEE_DIVIDE: ['(a, b) AS CAST(a AS DOUBLE) / CAST(b AS DOUBLE)'],
    IS_INF: ['(x) AS isinf(x)'],
    IS_NAN: ['(x) AS isnan(x)'],
    ARRAY_CONCAT: ['(a, b) AS list_concat(a, b)', '(a, b, c) AS list_concat(list_concat(a, b), c)'],
    ARRAY_REVERSE: ['(a) AS list_reverse(a)'],
    ARRAY_LENGTH: ['(a) AS len(a)'],
    SESSION_USER: [`() AS 'local'`],
  };
}
