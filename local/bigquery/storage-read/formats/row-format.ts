import type { DuckDBValue } from '@duckdb/node-api';
import type { protos } from '@google-cloud/bigquery-storage';

type Storage = typeof protos.google.cloud.bigquery.storage.v1;
type Session = InstanceType<Storage['ReadSession']>;
type Response = InstanceType<Storage['ReadRowsResponse']>;

/** How the rows of a session are written. */
export interface RowFormat {
  /** The schema as the session and the first response of a stream have it. */
  readonly schema: Pick<Session, 'arrowSchema'> | Pick<Session, 'avroSchema'>;
  /** `columns` has the values of `count` rows, in the order of the session's columns. */
  encode(
    columns: readonly (readonly DuckDBValue[])[],
    count: number,
  ): Pick<Response, 'arrowRecordBatch'> | Pick<Response, 'avroRows'>;
}
