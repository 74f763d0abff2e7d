import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteTable } from '../tables/duckdb-types.ts';
import { logicalBytes } from '../tables/logical-bytes.ts';
import { type Field, findField, formatTable, type Table, type TableRef } from '../tables/schema.ts';

interface Known {
  changed: number;
  schemaVersion: number;
  /** By column, or path of a record's field. */
  bytes: Map<string, number>;
}

interface SizeStore {
  connect(): Promise<DuckDBConnection>;
  lastChange(ref: TableRef): number;
}

/** The logical bytes of columns, which are counted again only after a change of the table. */
export class TableSizes {
  readonly #store: SizeStore;
  readonly #known = new Map<string, Known>();

  constructor(store: SizeStore) {
    this.#store = store;
  }

  /** Of columns and of fields of records (`a.b`), or of the whole table. Unknown names count as nothing. */
  async bytesOf(table: Table, paths = table.schema.map(({ name }) => name)): Promise<number> {
    const known = this.#knownOf(table);
    const missing = paths.filter((path) => !known.bytes.has(path));
    if (missing.length > 0) await this.#count(table, missing, known);
    return paths.reduce((sum, path) => sum + (known.bytes.get(path) ?? 0), 0);
  }

  #knownOf(table: Table): Known {
    const key = formatTable(table);
    const { schemaVersion } = table;
    const changed = this.#store.lastChange(table);
    const known = this.#known.get(key);
    // A table may change again in the millisecond of its last change.
    const isOld = known?.changed === changed && changed < Date.now() - 1;
    if (isOld && known.schemaVersion === schemaVersion) return known;
    const fresh = { changed, schemaVersion, bytes: new Map<string, number>() };
    this.#known.set(key, fresh);
    return fresh;
  }

  async #count(table: Table, paths: readonly string[], known: Known): Promise<void> {
    const found = paths.flatMap((path) => {
      const size = pathBytes(table.schema, path.split('.'));
      return size === undefined ? [] : [{ path, size }];
    });
    if (found.length === 0) return;
    const sums = found.map(({ size }) => `coalesce(sum(${size}), 0)`);
    const connection = await this.#store.connect();
    try {
      const reader = await connection.runAndReadAll(
        `SELECT ${sums.join(', ')} FROM ${quoteTable(table)} AS t`,
      );
      const [row = []] = reader.getRows();
      found.forEach(({ path }, index) => {
        known.bytes.set(path, Number(row[index] ?? 0));
      });
    } finally {
      connection.closeSync();
    }
  }
}

/** The size of a field in a row, as DuckDB's SQL. */
function pathBytes(schema: readonly Field[], path: readonly string[]): string | undefined {
  let field = findField(schema, path[0] ?? '');
  if (field === undefined) return undefined;
  let sql = `t."${field.name.replaceAll('"', '""')}"`;
  for (const step of path.slice(1)) {
    const inner: Field | undefined = findField(field.fields ?? [], step);
    if (inner === undefined) return undefined;
    sql = `struct_extract(${sql}, '${inner.name.replaceAll("'", "''")}')`;
    field = inner;
  }
  return logicalBytes(field, sql);
}
