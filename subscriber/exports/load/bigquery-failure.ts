import { RelayError } from '../../../shared/errors.ts';

/** One entry of an answer's, or a job's, list of errors. */
export interface ErrorProto {
  reason?: string;
  message?: string;
}

/**
 * The reasons that lie in the file: the same file will fail again. Everything else may pass, or a person
 * can mend it, and the export waits. https://cloud.google.com/bigquery/docs/error-messages
 */
const inTheFile = new Set(['invalid', 'invalidSchema', 'badRequest', 'parseError', 'required']);

const permissionHint =
  "BigQuery permission error: the subscriber's service account needs the BigQuery Data Editor role on the dataset, and BigQuery Job User on the project";

/** A job that is done, with an error. */
export function failedJob(file: string, jobId: string, errors: readonly ErrorProto[]): RelayError {
  const [first] = errors;
  const messages = [...new Set(errors.map(({ message }) => message ?? ''))].slice(0, 3).join('; ');
  const told = `${file}: BigQuery did not load it (job ${jobId}): ${messages}`;
  if (first?.reason && inTheFile.has(first.reason))
    return new RelayError('export.load-refused', told);
  return new RelayError(
    'export.load',
    first?.reason === 'accessDenied' ? `${told}. ${permissionHint}` : told,
  );
}

/** An answer to an upload that is no success. */
export function refusedUpload(status: number, body: string): RelayError {
  let error: { message?: string; errors?: ErrorProto[] } = {};
  try {
    error = (JSON.parse(body) as { error?: typeof error }).error ?? {};
  } catch {
    // A proxy's page: the status has to do.
  }
  return apiFailure(status, error.errors ?? [], error.message ?? `status ${status}`);
}

/** What BigQuery's API said no to. */
export function apiFailure(
  status: number,
  errors: readonly ErrorProto[],
  message: string,
): RelayError {
  const told = `BigQuery answered ${status}: ${message}`;
  const reason = errors[0]?.reason;
  const isBad = status === 413 || (status === 400 && (!reason || inTheFile.has(reason)));
  if (isBad) return new RelayError('export.bigquery-refused', told);
  const denied = status === 401 || (status === 403 && (!reason || reason === 'accessDenied'));
  return new RelayError('export.bigquery', denied ? `${told}. ${permissionHint}` : told);
}
