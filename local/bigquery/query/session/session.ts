import type { DuckDBConnection } from '@duckdb/node-api';
import type { Routine } from '../../sql/analyse/analysis.ts';
import type { Query as QueryTree } from '../../sql/parse/trees/tree.ts';
import type { SqlType } from '../../sql/types.ts';
import type { Store } from '../../storage/store.ts';
import type { DatasetRef, Table, TableRef } from '../../tables/schema.ts';
import type { Scope } from './names.ts';
import type { QueryParameter } from './parameters.ts';
import type { Variable } from './variable.ts';

/** An open transaction of a script. */
export interface OpenTransaction {
  connection: DuckDBConnection;
  /** Holds the table's lock until the transaction ends. */
  lock(ref: TableRef): Promise<void>;
  end(isCommit: boolean): Promise<void>;
}

/** What the statements of one job share. */
export interface Session {
  store: Store;
  scope: Scope;
  /** The whole text; tokens refer to it. */
  sql: string;
  parameters: readonly QueryParameter[];
  /** By name in small letters. */
  variables: Map<string, Variable>;
  routines: Map<string, Routine>;
  tableFunctions: Map<
    string,
    { parameters: { name: string; type: SqlType | undefined }[]; query: QueryTree }
  >;
  temporary: Map<string, TableRef>;
  /** The hidden dataset of temporary tables; undefined outside of scripts. */
  scratch?: DatasetRef | undefined;
  systemVariables: Map<string, string | null>;
  transaction?: OpenTransaction | undefined;
  /** The stored tables that the statement reads, by name. */
  referenced: Map<string, Table>;
  now: bigint;
  jobId?: string | undefined;
  /** Ends a SELECT, however long it would run. */
  signal?: AbortSignal | undefined;
}
