import { RelayError } from '../../../shared/errors.ts';

/** One entry of the error list of a response or a job. */
export interface ErrorProto {
  reason?: string;
  message?: string;
}

/**
 * The file is at fault: it will fail again. Every other reason may pass or can be repaired by a person, so the
 * export is tried again. https://cloud.google.com/bigquery/docs/error-messages
 */
const permanentReasons = new Set([
  'invalid',
  'invalidSchema',
  'badRequest',
  'parseError',
  'required',
]);

const permissionHint =
  "BigQuery permission error: the subscriber's service account needs the BigQuery Data Editor role on the dataset, and BigQuery Job User on the project";

/** @param errors of a job that is done and failed */
export function failedJob(file: string, jobId: string, errors: readonly ErrorProto[]): RelayError {
  const [first] = errors;
  const messages = [...new Set(errors.map(({ message }) => message ?? ''))].slice(0, 3).join('; ');
  const problem = `${file}: BigQuery did not load it (job ${jobId}): ${messages}`;
  if (first?.reason && permanentReasons.has(first.reason))
    return new RelayError('export.load-refused', problem);
  const isDenied = first?.reason === 'accessDenied';
  return new RelayError('export.load', isDenied ? `${problem}. ${permissionHint}` : problem);
}

/** An upload that BigQuery rejected. */
export function uploadFailure(status: number, body: string): RelayError {
  let error: { message?: string; errors?: ErrorProto[] } = {};
  try {
    error = (JSON.parse(body) as { error?: typeof error }).error ?? {};
  } catch {
    // A proxy's page. Only the status is known.
  }
  return apiFailure(status, error.errors ?? [], error.message ?? `status ${status}`);
}

/** Any request that BigQuery's API rejected. */
export function apiFailure(
  status: number,
  errors: readonly ErrorProto[],
  message: string,
): RelayError {
  const problem = `BigQuery answered ${status}: ${message}`;
  const reason = errors[0]?.reason;
  const isPermanent =
    status === 413 || (status === 400 && (!reason || permanentReasons.has(reason)));
  if (isPermanent) return new RelayError('export.bigquery-refused', problem);
  const isDenied = status === 401 || (status === 403 && (!reason || reason === 'accessDenied'));
  return new RelayError('export.bigquery', isDenied ? `${problem}. ${permissionHint}` : problem);
}
