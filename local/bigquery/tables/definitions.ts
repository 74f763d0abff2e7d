import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
import { type Catalogue, eraseDataset, eraseTable, saveDataset, saveTable } from './catalogue.ts';
import { checkColumns } from './column-limits.ts';
import { createTableSql, physicalSchema, quoteIdentifier, quoteTable } from './duckdb-types.ts';
import {
  type Dataset,
  type DatasetRef,
  formatDataset,
  formatTable,
  type Table,
  type TableRef,
} from './schema.ts';

/** To be called after the commit, to make the change visible in memory. */
type Publish = () => void;

/** Creates, changes and deletes datasets and tables in the caller's transaction, in DuckDB and the catalogue. */
export class Definitions {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** Throws notFound. */
  requireDataset(ref: DatasetRef): Dataset {
    const dataset = this.#catalogue.dataset(ref);
    if (dataset === undefined) {
      throw new BigQueryError('notFound', `Not found: Dataset ${formatDataset(ref)}`);
    }
    return dataset;
  }

  /** Throws notFound. */
  requireTable(ref: TableRef): Table {
    this.requireDataset(ref);
    const table = this.#catalogue.table(ref);
    if (table === undefined) {
      throw new BigQueryError('notFound', `Not found: Table ${formatTable(ref)}`);
    }
    return table;
  }

  /** Throws duplicate. */
  async createDataset(connection: DuckDBConnection, dataset: Dataset): Promise<Publish> {
    if (this.#catalogue.dataset(dataset) !== undefined) {
      throw new BigQueryError('duplicate', `Already Exists: Dataset ${formatDataset(dataset)}`);
    }
    await connection.run(`CREATE SCHEMA ${quoteIdentifier(physicalSchema(dataset))}`);
    await saveDataset(connection, dataset);
    return () => this.#catalogue.setDataset(dataset);
  }

  async updateDataset(connection: DuckDBConnection, dataset: Dataset): Promise<Publish> {
    this.requireDataset(dataset);
    await saveDataset(connection, dataset);
    return () => this.#catalogue.setDataset(dataset);
  }

  /** Throws resourceInUse while the dataset has tables. */
  async deleteDataset(connection: DuckDBConnection, ref: DatasetRef): Promise<Publish> {
    this.requireDataset(ref);
    if (this.#catalogue.tablesOf(ref).length > 0) {
      throw new BigQueryError('resourceInUse', `Dataset ${formatDataset(ref)} is still in use`);
    }
    await connection.run(`DROP SCHEMA ${quoteIdentifier(physicalSchema(ref))}`);
    await eraseDataset(connection, ref);
    return () => this.#catalogue.removeDataset(ref);
  }

  /** Throws duplicate, invalid, or notFound for its dataset. A view has no DuckDB object of its own. */
  async createTable(connection: DuckDBConnection, table: Table): Promise<Publish> {
    this.requireDataset(table);
    checkColumns(table);
    if (this.#catalogue.table(table) !== undefined) {
      throw new BigQueryError('duplicate', `Already Exists: Table ${formatTable(table)}`);
    }
    return await this.#create(connection, table);
  }

  /** Replaces the table by an empty one with the schema of `next`. */
  async recreateTable(connection: DuckDBConnection, next: Table): Promise<Publish> {
    checkColumns(next);
    await connection.run(`DROP TABLE ${quoteTable(next)}`);
    return await this.#create(connection, next);
  }

  /** Replaces a table's description with `next` and runs `alterations` (DuckDB SQL). */
  async updateTable(
    connection: DuckDBConnection,
    next: Table,
    alterations: readonly string[],
  ): Promise<Publish> {
    const { schema } = this.requireTable(next);
    if (next.schema !== schema) checkColumns(next);
    for (const sql of alterations) await connection.run(sql);
    await saveTable(connection, next);
    return () => this.#catalogue.setTable(next);
  }

  async deleteTable(connection: DuckDBConnection, ref: TableRef): Promise<Publish> {
    const table = this.requireTable(ref);
    if (table.type === 'TABLE') await connection.run(`DROP TABLE ${quoteTable(ref)}`);
    await eraseTable(connection, ref);
    return () => this.#catalogue.removeTable(ref);
  }

  async #create(connection: DuckDBConnection, table: Table): Promise<Publish> {
    if (table.type === 'TABLE') await connection.run(createTableSql(table));
    await saveTable(connection, table);
    return () => this.#catalogue.setTable(table);
  }
}
