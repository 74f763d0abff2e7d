import type { ErrorProto } from '../errors.ts';
import type { JsonObject } from '../rest/http/json.ts';

export interface JobRef {
  projectId: string;
  jobId: string;
}

/** A job as it is stored, with everything that jobs.get returns. */
export interface Job extends JobRef {
  location: string;
  configuration: JsonObject;
  state: 'RUNNING' | 'DONE';
  /** Unix milliseconds. */
  creationTime: number;
  startTime: number;
  endTime?: number;
  /** Why the job failed; absent if it succeeded. */
  errors?: ErrorProto[];
  /** `statistics.load` or `statistics.query`. */
  statistics?: JsonObject;
  /** The script of which the job is a statement. */
  parentJobId?: string;
  /** How many statements a script has run. */
  numChildJobs?: number;
}

export function formatJob(ref: JobRef): string {
  return `${ref.projectId}:${ref.jobId}`;
}

const KINDS = ['load', 'copy', 'extract'] as const;

function kindOf(job: Job): (typeof KINDS)[number] | 'query' {
  return KINDS.find((kind) => job.configuration[kind] !== undefined) ?? 'query';
}

export function jobType(job: Job): string {
  return kindOf(job).toUpperCase();
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job */
export function describeJob(job: Job): object {
  const { projectId, jobId, location } = job;
  const [errorResult] = job.errors ?? [];
  const kind = kindOf(job);
  return {
    kind: 'bigquery#job',
    etag: `${job.creationTime}-${job.state}`,
    id: `${projectId}:${location}.${jobId}`,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${projectId}/jobs/${jobId}?location=${location}`,
    jobReference: { projectId, jobId, location },
    configuration: { ...job.configuration, jobType: jobType(job) },
    statistics: {
      creationTime: String(job.creationTime),
      startTime: String(job.startTime),
      ...(job.endTime !== undefined && { endTime: String(job.endTime) }),
      ...(kind === 'query' && {
        totalBytesProcessed: String(job.statistics?.['totalBytesProcessed'] ?? 0),
      }),
      ...(job.parentJobId && { parentJobId: job.parentJobId }),
      ...(job.numChildJobs !== undefined && { numChildJobs: String(job.numChildJobs) }),
      ...(job.statistics && { [kind]: job.statistics }),
    },
    status: {
      state: job.state,
      ...(errorResult && { errorResult, errors: job.errors }),
    },
    user_email: 'local@tributary.invalid',
  };
}
