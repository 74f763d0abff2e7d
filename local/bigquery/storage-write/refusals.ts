import { protos } from '@google-cloud/bigquery-storage';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { BigQueryError } from '../errors.ts';
import { formatTable, type TableRef } from '../tables/schema.ts';

const { StorageError, RowError } = protos.google.cloud.bigquery.storage.v1;
const { Status } = protos.google.rpc;
const STORAGE_ERROR_URL = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';
/** Where the managed writers of Google's clients look for the error of a call. */
const STORAGE_ERROR_TRAILER = 'google.cloud.bigquery.storage.v1.storageerror-bin';

type RpcStatus = protos.google.rpc.IStatus;
export type StorageErrorCode = keyof typeof StorageError.StorageErrorCode;

export interface RefusalDetails {
  code: StorageErrorCode;
  /** The stream or table, which Google appends to the message. */
  entity: string;
  /** The message of the StorageError, if it is not that of the status. */
  errorMessage?: string;
}

/** The error of a whole request, as the API's `google.rpc.Status`. */
export class Refusal extends Error {
  readonly status: RpcStatus;

  constructor(code: status, reason: string, details?: RefusalDetails) {
    const message = details ? `${reason} Entity: ${details.entity}` : reason;
    super(message);
    this.name = 'Refusal';
    this.status = { code, message };
    if (details) {
      const { entity, errorMessage = reason } = details;
      const value = StorageError.encode({
        code: StorageError.StorageErrorCode[details.code],
        entity,
        errorMessage,
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
      for (const { value } of this.status.details) {
        if (value instanceof Uint8Array) metadata.add(STORAGE_ERROR_TRAILER, Buffer.from(value));
      }
    }
    return { code: this.status.code ?? status.UNKNOWN, details: this.message, metadata };
  }
}

/** A refusal that ends the connection, as Google ends it, instead of a response to one request. */
export class FatalRefusal extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = 'FatalRefusal';
    this.refusal = refusal;
  }
}

/** An unexpected error becomes INTERNAL. */
export function toRefusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (cause instanceof FatalRefusal) return cause.refusal;
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

/** The error of a writer schema with fields that the table does not have. */
export function extraFields(paths: readonly string[], entity: string): Refusal {
  return new Refusal(
    status.INVALID_ARGUMENT,
    `Input schema has more fields than BigQuery schema, extra fields: '${paths.join(',')}'`,
    {
      code: 'SCHEMA_MISMATCH_EXTRA_FIELDS',
      entity,
      errorMessage: 'Schema mismatch due to extra fields in user schema',
    },
  );
}

/** A row that does not fit the table. `path` is the column's dotted path, or empty for the whole row. */
export class BadRow extends Error {
  readonly reason: string;
  readonly path: string;

  constructor(path: string, reason: string) {
    super(path === '' ? `${reason}.` : `${reason} on field ${path}.`);
    this.name = 'BadRow';
    this.reason = reason;
    this.path = path;
  }
}

export interface RowProblem {
  index: number;
  message: string;
}

/** Google's list of row errors has a limit too: "The list may not be complete". */
const MAX_PROBLEM_CHARS = 1024 * 1024;

/** With one bad row nothing of the request is written. The response lists the bad rows. */
export function refuseRows(
  problems: readonly RowProblem[],
  entity: string,
): protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse {
  let chars = 0;
  const listed = problems.filter(({ message }) => {
    chars += message.length;
    return chars <= MAX_PROBLEM_CHARS;
  });
  return {
    error: {
      code: status.INVALID_ARGUMENT,
      message: `Errors found while processing rows. Please refer to the row_errors field for details. The list may not be complete because of the size limitations. Entity: ${entity}`,
    },
    rowErrors: listed.map(({ index, message }) => ({
      index,
      message,
      code: RowError.RowErrorCode.FIELDS_ERROR,
    })),
  };
}
