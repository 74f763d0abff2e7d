import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
import type { DatasetRef } from '../tables/schema.ts';

const TABLE = 'tributary.routines';

export interface RoutineRef extends DatasetRef {
  routineId: string;
}

/** A function or a procedure of a dataset. */
export interface RoutineResource extends RoutineRef {
  routineType: 'SCALAR_FUNCTION' | 'TABLE_VALUED_FUNCTION' | 'PROCEDURE';
  language: string;
  /** Parameters, as GoogleSQL spells their types; a type is absent for ANY TYPE. */
  arguments: { name: string; type?: string; mode?: string }[];
  returns?: string;
  /** The body: an expression, a query, statements, or JavaScript. */
  definition: string;
  /** The statement that made it. */
  ddl: string;
  creationTime: number;
  etag: string;
  /** Properties that this server only stores and returns. */
  extra: Readonly<Record<string, unknown>>;
}

type Administer = (work: (connection: DuckDBConnection) => Promise<() => void>) => Promise<void>;

/** The routines of all datasets, in memory and on disk. Names of routines do not ignore case. */
export class Routines {
  readonly #administer: Administer;
  readonly #all = new Map<string, RoutineResource>();

  private constructor(administer: Administer) {
    this.#administer = administer;
  }

  static async load(administer: Administer, connection: DuckDBConnection): Promise<Routines> {
    const routines = new Routines(administer);
    await connection.run(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id VARCHAR PRIMARY KEY, resource VARCHAR)`,
    );
    const reader = await connection.runAndReadAll(`SELECT resource FROM ${TABLE}`);
    for (const [text] of reader.getRows()) {
      const routine = JSON.parse(String(text)) as RoutineResource;
      routines.#all.set(keyOf(routine), routine);
    }
    return routines;
  }

  get(ref: RoutineRef): RoutineResource | undefined {
    return this.#all.get(keyOf(ref));
  }

  /** Throws notFound. */
  require(ref: RoutineRef): RoutineResource {
    const found = this.get(ref);
    if (found === undefined)
      throw new BigQueryError('notFound', `Not found: Routine ${keyOf(ref)}`);
    return found;
  }

  list({ projectId, datasetId }: DatasetRef): RoutineResource[] {
    return [...this.#all.values()]
      .filter((routine) => routine.projectId === projectId && routine.datasetId === datasetId)
      .sort((a, b) => (a.routineId < b.routineId ? -1 : 1));
  }

  async save(routine: RoutineResource): Promise<void> {
    const key = keyOf(routine);
    await this.#administer(async (connection) => {
      await connection.run(`INSERT OR REPLACE INTO ${TABLE} VALUES ($1, $2)`, [
        key,
        JSON.stringify(routine),
      ]);
      return () => void this.#all.set(key, routine);
    });
  }

  /** Throws notFound. */
  async delete(ref: RoutineRef): Promise<void> {
    const key = keyOf(this.require(ref));
    await this.#administer(async (connection) => {
      await connection.run(`DELETE FROM ${TABLE} WHERE id = $1`, [key]);
      return () => void this.#all.delete(key);
    });
  }
}

function keyOf({ projectId, datasetId, routineId }: RoutineRef): string {
  return `${projectId}:${datasetId}.${routineId}`;
}
