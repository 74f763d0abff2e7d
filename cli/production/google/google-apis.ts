import { setTimeout as sleep } from 'node:timers/promises';

/** Google's APIs that have no client among the dependencies, and where each answers. */
export const googleOrigins = {
  serviceUsage: 'https://serviceusage.googleapis.com',
  resourceManager: 'https://cloudresourcemanager.googleapis.com',
  iam: 'https://iam.googleapis.com',
  pubsub: 'https://pubsub.googleapis.com',
  bigquery: 'https://bigquery.googleapis.com',
  storage: 'https://storage.googleapis.com',
};

type Api = keyof typeof googleOrigins;

export type Origins = Readonly<Record<Api, string>>;

/** Google answered, and not with what was asked for. */
export class GoogleApiError extends Error {
  override readonly name = 'GoogleApiError';
  /** The HTTP status, as Google's own clients have it. */
  readonly code: number;
  /** `SERVICE_DISABLED`, `IAM_PERMISSION_DENIED`, …: of google.rpc.ErrorInfo, else the canonical status. */
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** No answer came. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

export interface GoogleApis {
  /**
   * One request with a JSON body, and its JSON answer. A GET is tried again while the API is busy.
   *
   * @throws GoogleApiError, NoAnswerError
   */
  call<Answer>(
    api: Api,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
  ): Promise<Answer>;
}

const answerWithinMs = 20_000;
const busy = new Set([429, 500, 502, 503, 504]);
const maxTries = 4;

/** @param headers with the authorization, for each request anew: a token is renewed when it ends */
export function openGoogleApis(
  headers: (url: string) => Promise<Headers>,
  origins: Origins = googleOrigins,
): GoogleApis {
  return {
    async call(api, method, path, body) {
      const url = origins[api] + path;
      for (let tries = 1; ; tries++) {
        const response = await send(url, { method, headers: await headers(url), body });
        if (response.ok) return (await response.json()) as never;
        const error = await readError(response);
        if (method !== 'GET' || !busy.has(error.code) || tries === maxTries) throw error;
        await sleep(2 ** tries * 250);
      }
    },
  };
}

async function send(
  url: string,
  { method, headers, body }: { method: string; headers: Headers; body: unknown },
): Promise<Response> {
  headers.set('content-type', 'application/json');
  try {
    return await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } catch (error) {
    const { cause, message } = error as Error;
    const reason = cause instanceof Error && cause.message ? cause.message : message;
    throw new NoAnswerError(`${new URL(url).host} does not answer: ${reason}`, { cause: error });
  }
}

interface ErrorBody {
  error?: {
    message?: string;
    status?: string;
    details?: { reason?: string }[];
  };
}

async function readError(response: Response): Promise<GoogleApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const { message = response.statusText, status = '', details = [] } = body.error ?? {};
  const reason = details.find((detail) => detail.reason !== undefined)?.reason ?? status;
  return new GoogleApiError(response.status, reason, message);
}
