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
JSON_TYPE(JSON) STRING = gsql_json_type($1)
JSON_CONTAINS(JSON, JSON) BOOL = gsql_json_contains($1, $2)
JSON_FLATTEN(JSON) ARRAY<JSON> = CAST(gsql_json_flatten($1) AS JSON[])
`);
