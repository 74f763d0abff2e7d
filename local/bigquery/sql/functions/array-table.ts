import { signatures } from './signature.ts';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions */
export const arrayTable = signatures(`
ARRAY_LENGTH(ARRAY<T>) INT64 = len($1)
ARRAY_REVERSE(ARRAY<T>) ARRAY<T> = list_reverse($1)
ARRAY_TO_STRING(ARRAY<STRING>, STRING) STRING = joined($1, $2)
ARRAY_TO_STRING(ARRAY<STRING>, STRING, STRING) STRING = joined(filled($1, $3), $2)
ARRAY_TO_STRING(ARRAY<BYTES>, BYTES) BYTES = gsql_joined_bytes($1, $2)
ARRAY_FIRST(ARRAY<T>) T = first_item($1)
ARRAY_LAST(ARRAY<T>) T = last_item($1)
ARRAY_SLICE(ARRAY<T>, INT64, INT64) ARRAY<T> = sliced($1, $2, $3)
GENERATE_ARRAY(INT64, INT64) ARRAY<INT64> = series($1, $2, CAST(1 AS BIGINT))
GENERATE_ARRAY(INT64, INT64, INT64) ARRAY<INT64> = series($1, $2, $3)
GENERATE_ARRAY(NUMERIC, NUMERIC) ARRAY<NUMERIC> = CAST(steps($1, $2, CAST(1 AS DECIMAL(38, 9))) AS DECIMAL(38, 9)[])
GENERATE_ARRAY(NUMERIC, NUMERIC, NUMERIC) ARRAY<NUMERIC> = CAST(steps($1, $2, $3) AS DECIMAL(38, 9)[])
GENERATE_ARRAY(FLOAT64, FLOAT64) ARRAY<FLOAT64> = CAST(steps($1, $2, CAST(1 AS DOUBLE)) AS DOUBLE[])
GENERATE_ARRAY(FLOAT64, FLOAT64, FLOAT64) ARRAY<FLOAT64> = CAST(steps($1, $2, $3) AS DOUBLE[])
`);
