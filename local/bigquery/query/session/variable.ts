import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { SqlType } from '../../sql/types.ts';

/** A variable of a script. */
export interface Variable {
  type: SqlType;
  /** DuckDB's value and its type; a NULL has no type. */
  value: DuckDBValue;
  duckType?: DuckDBType;
}
