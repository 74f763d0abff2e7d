import type { QueryResult } from '../query/select.ts';
import type { JsonObject } from '../rest/http/json.ts';

/** `statistics.query` of a job. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#jobstatistics2 */
export function queryStatistics(result: QueryResult): JsonObject {
  const { statementType, affectedRows, changes, target, operation } = result;
  const isDml = changes !== undefined;
  const { processed = 0, billed = 0, tables = [] } = result.bytesRead ?? {};
  return {
    statementType,
    totalBytesProcessed: String(processed),
    totalBytesBilled: String(billed),
    ...(tables.length > 0 && { referencedTables: tables.map((table) => ({ ...table })) }),
    billingTier: 0,
    cacheHit: false,
    ...(affectedRows !== undefined && { numDmlAffectedRows: String(affectedRows) }),
    ...(isDml && {
      dmlStats: {
        insertedRowCount: String(changes.inserted),
        updatedRowCount: String(changes.updated),
        deletedRowCount: String(changes.deleted),
      },
    }),
    ...(operation && { ddlOperationPerformed: operation }),
    ...(operation && target && { ddlTargetTable: { ...target } }),
  };
}
