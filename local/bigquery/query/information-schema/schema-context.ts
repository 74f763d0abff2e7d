import type { Store } from '../../storage/store.ts';
import type { DatasetRef } from '../../tables/schema.ts';

/** What a view's rows are made from. */
export interface SchemaContext {
  store: Store;
  projectId: string;
  /** All datasets that the name covers: one, or those of the project for `region-us`. */
  datasets: DatasetRef[];
}
