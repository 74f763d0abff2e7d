/** DuckDB macros that templates of functions use. A macro's argument is copied to every place that names it. */
const MACROS: Readonly<Record<string, string>> = {
  // BIGNUMERIC is a STRUCT of a BIGNUM, which the runtime's functions get and give as text.
  big: '(t) AS CAST(t AS STRUCT("bignumeric units" BIGNUM))',
  text: '(x) AS CAST(x AS VARCHAR)',
  concatenated: '(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END',
  joined: '(a, s) AS array_to_string(a, s)',
  filled: '(a, t) AS list_transform(a, lambda x: coalesce(x, t))',
  first_item: `(a) AS CASE WHEN len(a) = 0 THEN a[gsql_fail('ARRAY_FIRST cannot get the first element of an empty array')]
    ELSE a[1] END`,
  last_item: `(a) AS CASE WHEN len(a) = 0 THEN a[gsql_fail('ARRAY_LAST cannot get the last element of an empty array')]
    ELSE a[-1] END`,
  sliced: `(a, s, e) AS list_slice(a, CASE WHEN s >= 0 THEN s + 1 ELSE s END,
    CASE WHEN e >= 0 THEN e + 1 ELSE e END)`,
  ieee: '(a, b) AS (a / b)',
  bucketed:
    '(x, a) AS CASE WHEN x IS NOT NULL THEN CAST(len(list_filter(a, lambda b: b <= x)) AS BIGINT) END',
  series: `(a, b, s) AS generate_series(a, b, CASE WHEN s = 0 THEN gsql_fail('Sequence step cannot be 0.') ELSE s END)`,
  steps: `(a, b, s) AS list_transform(generate_series(0, CASE WHEN s = 0 THEN gsql_fail('Sequence step cannot be 0.')
    WHEN isinf(CAST(s AS DOUBLE)) THEN gsql_fail('Sequence step cannot be infinite.')
    ELSE CAST(floor((b - a) / s) AS BIGINT) END), lambda i: a + i * s)`,
  dates: `(a, b, i) AS list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP),
    CASE WHEN i = INTERVAL 0 DAY THEN to_days(CAST(gsql_fail('Sequence step cannot be 0.') AS INTEGER)) ELSE i END),
    lambda x: CAST(x AS DATE))`,
  moments: `(a, b, i) AS generate_series(a, b,
    CASE WHEN i = INTERVAL 0 DAY THEN to_days(CAST(gsql_fail('Sequence step cannot be 0.') AS INTEGER)) ELSE i END)`,
  explode: '(a) AS unnest(a)',
  offsets: '(a) AS CAST(generate_subscripts(a, 1) - 1 AS BIGINT)',
  safe_at: '(a, n) AS CASE WHEN n >= 0 THEN a[n + 1] END',
  at: `(a, n) AS CASE WHEN n < 0 OR n >= len(a) THEN a[gsql_fail('Array index ' || n || ' is out of bounds')]
    ELSE a[n + 1] END`,
  // DuckDB's dates go further than those of BigQuery.
  in_dates: `(x) AS CASE WHEN x > DATE '9999-12-31' OR x < DATE '0001-01-01'
    THEN DATE '1970-01-01' + CAST(gsql_fail('Date overflow: the result is out of range') AS INTEGER) ELSE x END`,
  in_times: `(x) AS CASE WHEN x > TIMESTAMP '9999-12-31 23:59:59.999999' OR x < TIMESTAMP '0001-01-01 00:00:00'
    THEN make_timestamp(gsql_fail('Datetime overflow: the result is out of range')) ELSE x END`,
  in_instants: `(x) AS CASE WHEN x > TIMESTAMPTZ '9999-12-31 23:59:59.999999+00' OR x < TIMESTAMPTZ '0001-01-01 00:00:00+00'
    THEN make_timestamptz(gsql_fail('Timestamp overflow: the result is out of range')) ELSE x END`,
  // NaN is not equal to itself, nor less or greater than a number.
  float_eq: '(a, b) AS (a = b AND NOT (isnan(a) AND b IS NOT NULL))',
  float_lt: '(a, b) AS (a < b AND NOT (isnan(b) AND a IS NOT NULL))',
  float_le: '(a, b) AS (a <= b AND NOT (isnan(b) AND a IS NOT NULL))',
  full_items: `(a, name) AS CASE WHEN len(list_filter(a, lambda x: x IS NULL)) > 0
    THEN a[1:gsql_fail('Array cannot have a null element; error in writing field ' || name)] ELSE a END`,
};

export const MACRO_PREFIX = 'bq_';
export const MACRO_NAMES: ReadonlySet<string> = new Set(Object.keys(MACROS));

/** The statements that define all macros. They run before a database's first statement. */
export function macroStatements(): string[] {
  return Object.entries(MACROS).map(
    ([name, body]) => `CREATE OR REPLACE MACRO ${MACRO_PREFIX}${name}${body}`,
  );
}
