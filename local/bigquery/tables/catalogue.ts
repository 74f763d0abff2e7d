import type { DuckDBConnection } from '@duckdb/node-api';
import {
  type Dataset,
  type DatasetRef,
  formatDataset,
  formatTable,
  type Table,
  type TableRef,
} from './schema.ts';

/** No dataset has a DuckDB schema of this name, because their names contain a dot. */
const SCHEMA = 'tributary';

/**
 * All datasets and tables. Reads use memory. A change is written to DuckDB in the transaction that it
 * describes, and to memory after the commit.
 */
export class Catalogue {
  readonly #datasets = new Map<string, Dataset>();
  readonly #tables = new Map<string, Table>();

  static async load(connection: DuckDBConnection): Promise<Catalogue> {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    for (const name of ['datasets', 'tables']) {
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${SCHEMA}.${name} (id VARCHAR PRIMARY KEY, resource VARCHAR)`,
      );
    }
    const catalogue = new Catalogue();
    for (const text of await resources(connection, 'datasets')) {
      catalogue.setDataset(JSON.parse(text) as Dataset);
    }
    for (const text of await resources(connection, 'tables')) {
      catalogue.setTable(JSON.parse(text) as Table);
    }
    return catalogue;
  }

  dataset(ref: DatasetRef): Dataset | undefined {
    return this.#datasets.get(formatDataset(ref));
  }

  table(ref: TableRef): Table | undefined {
    return this.#tables.get(formatTable(ref));
  }

  tables(): Table[] {
    return [...this.#tables.values()];
  }

  /** The projects that have a dataset. */
  projects(): string[] {
    return [...new Set([...this.#datasets.values()].map(({ projectId }) => projectId))].sort();
  }

  datasetsOf(projectId: string): Dataset[] {
    return sorted(this.#datasets).filter((dataset) => dataset.projectId === projectId);
  }

  tablesOf(ref: DatasetRef): Table[] {
    return sorted(this.#tables).filter(
      (table) => table.projectId === ref.projectId && table.datasetId === ref.datasetId,
    );
  }

  setDataset(dataset: Dataset): void {
    this.#datasets.set(formatDataset(dataset), dataset);
  }

  setTable(table: Table): void {
    this.#tables.set(formatTable(table), table);
  }

  removeDataset(ref: DatasetRef): void {
    this.#datasets.delete(formatDataset(ref));
  }

  removeTable(ref: TableRef): void {
    this.#tables.delete(formatTable(ref));
  }
}

export async function saveDataset(connection: DuckDBConnection, dataset: Dataset): Promise<void> {
  await save(connection, 'datasets', formatDataset(dataset), dataset);
}

export async function saveTable(connection: DuckDBConnection, table: Table): Promise<void> {
  await save(connection, 'tables', formatTable(table), table);
}

export async function eraseDataset(connection: DuckDBConnection, ref: DatasetRef): Promise<void> {
  await connection.run(`DELETE FROM ${SCHEMA}.datasets WHERE id = $1`, [formatDataset(ref)]);
}

export async function eraseTable(connection: DuckDBConnection, ref: TableRef): Promise<void> {
  await connection.run(`DELETE FROM ${SCHEMA}.tables WHERE id = $1`, [formatTable(ref)]);
}

async function save(
  connection: DuckDBConnection,
  kind: 'datasets' | 'tables',
  id: string,
  resource: Dataset | Table,
): Promise<void> {
  await connection.run(`INSERT OR REPLACE INTO ${SCHEMA}.${kind} VALUES ($1, $2)`, [
    id,
    JSON.stringify(resource),
  ]);
}

async function resources(
  connection: DuckDBConnection,
  kind: 'datasets' | 'tables',
): Promise<string[]> {
  const reader = await connection.runAndReadAll(`SELECT resource FROM ${SCHEMA}.${kind}`);
  return reader.getRows().map(([text]) => String(text));
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
