import { signatures } from './signature.ts';

/** JSON functions whose arguments need no more than a row; `json-calls.ts` has the others. */
export const jsonTable = signatures(`
BOOL(JSON) BOOL = gsql_json_bool($1)
INT64(JSON) INT64 = gsql_json_int($1)
FLOAT64(JSON) FLOAT64 = gsql_json_float($1, 'round')
LAX_BOOL(JSON) BOOL = gsql_lax_bool($1)
LAX_INT64(JSON) INT64 = gsql_lax_int($1)
LAX_FLOAT64(JSON) FLOAT64 = gsql_lax_float($1)
LAX_STRING(JSON) STRING = gsql_lax_string($1)
BOOL_ARRAY(JSON) ARRAY<BOOL> = CAST(gsql_json_bool_array($1) AS BOOLEAN[])
INT64_ARRAY(JSON) ARRAY<INT64> = gsql_json_int_array($1)
STRING_ARRAY(JSON) ARRAY<STRING> = gsql_json_string_array($1)
LAX_BOOL_ARRAY(JSON) ARRAY<BOOL> = CAST(gsql_lax_bool_array($1) AS BOOLEAN[])
LAX_INT64_ARRAY(JSON) ARRAY<INT64> = gsql_lax_int_array($1)
LAX_FLOAT64_ARRAY(JSON) ARRAY<FLOAT64> = gsql_lax_float_array($1)
LAX_STRING_ARRAY(JSON) ARRAY<STRING> = gsql_lax_string_array($1)
JSON_TYPE(JSON) STRING = gsql_json_type($1)
JSON_CONTAINS(JSON, JSON) BOOL = gsql_json_contains($1, $2)
JSON_FLATTEN(JSON) ARRAY<JSON> = CAST(gsql_json_flatten($1) AS JSON[])
`);
