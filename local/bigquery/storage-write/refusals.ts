import { protos } from '@google-cloud/bigquery-storage';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { BigQueryError } from '../errors.ts';
import { formatTable, type TableRef } from '../tables/schema.ts';

const { StorageError, RowError } = protos.google.cloud.bigquery.storage.v1;
const { Status } = protos.google.rpc;
const STORAGE_ERROR_URL = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';

type RpcStatus = protos.google.rpc.IStatus;
export type StorageErrorCode = keyof typeof StorageError.StorageErrorCode;

/** The error of a whole request, as the API's `google.rpc.Status`. */
export class Refusal extends Error {
  readonly status: RpcStatus;

  constructor(code: status, message: string, details?: { code: StorageErrorCode; entity: string }) {
    super(message);
    this.name = 'Refusal';
    this.status = { code, message };
    if (details) {
      const value = StorageError.encode({
        code: StorageError.StorageErrorCode[details.code],
        entity: details.entity,
        errorMessage: message,
      }).finish();
      this.status.details = [{ type_url: STORAGE_ERROR_URL, value }];
    }
  }

  /** The status that ends a call, with its details in gRPC's trailer. */
  toCallStatus(): StatusObject {
    const metadata = new Metadata();
    if (this.status.details) {
      const bytes = Status.encode(this.status).finish();
      metadata.set('grpc-status-details-bin', Buffer.from(bytes));
    }
    return { code: this.status.code ?? status.UNKNOWN, details: this.message, metadata };
  }
}

/** An unexpected error becomes INTERNAL. */
export function toRefusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (cause instanceof BigQueryError && cause.reason === 'notFound') {
    return new Refusal(status.NOT_FOUND, cause.message);
  }
  return new Refusal(status.INTERNAL, cause instanceof Error ? cause.message : String(cause));
}

export function tableNotFound(table: TableRef): Refusal {
  const entity = `projects/${table.projectId}/datasets/${table.datasetId}/tables/${table.tableId}`;
  return new Refusal(status.NOT_FOUND, `Not found: Table ${formatTable(table)}`, {
    code: 'TABLE_NOT_FOUND',
    entity,
  });
}

/** A row that does not fit the table. `path` is the column's dotted path. */
export class BadRow extends Error {
  constructor(path: string, reason: string) {
    super(path === '' ? reason : `Field ${path}: ${reason}`);
    this.name = 'BadRow';
  }
}

export interface RowProblem {
  index: number;
  message: string;
}

/** With one bad row nothing of the request is written. The response lists all bad rows. */
export function refuseRows(
  problems: readonly RowProblem[],
): protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse {
  return {
    error: {
      code: status.INVALID_ARGUMENT,
      message: `${problems.length} of the rows cannot be stored; row_errors lists them. No row was written.`,
    },
    rowErrors: problems.map(({ index, message }) => ({
      index,
      message,
      code: RowError.RowErrorCode.FIELDS_ERROR,
    })),
  };
}
