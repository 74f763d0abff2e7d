import { BigQueryError } from '../errors.ts';

export function invalidQuery(message: string, offset?: number): BigQueryError {
  return new BigQueryError('invalidQuery', message, {
    location: 'query',
    ...(offset !== undefined && { offset }),
  });
}

/** What BigQuery has and this server does not. */
export function notSupported(what: string, offset?: number): BigQueryError {
  return new BigQueryError('notImplemented', `${what} is not supported by the local server`, {
    location: 'query',
    ...(offset !== undefined && { offset }),
  });
}
