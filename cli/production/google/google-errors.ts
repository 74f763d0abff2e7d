import { GoogleApiError, NoAnswerError } from './google-apis.ts';

// Errors of Google's clients have an HTTP status (BigQuery, REST) or a gRPC code (Pub/Sub) as `code`.

const grpc = { notFound: 5, alreadyExists: 6, permissionDenied: 7, unauthenticated: 16 };
const http = { unauthorized: 401, forbidden: 403, notFound: 404, conflict: 409 };

export function codeOf(error: unknown): number {
  return Number((error as { code?: unknown } | null)?.code ?? 0);
}

export function isMissing(code: number): boolean {
  return code === grpc.notFound || code === http.notFound;
}

export function isForbidden(error: unknown): boolean {
  return [grpc.permissionDenied, http.forbidden].includes(codeOf(error)) && !isDisabled(error);
}

export function isUnauthorized(error: unknown): boolean {
  return [grpc.unauthenticated, http.unauthorized].includes(codeOf(error));
}

/** An API that is not enabled, or was a moment ago: it takes a while everywhere. */
export function isDisabled(error: unknown): boolean {
  const { message } = error as Error;
  const reason = error instanceof GoogleApiError ? error.reason : '';
  return (
    reason === 'SERVICE_DISABLED' ||
    /has not been used in project|SERVICE_DISABLED|it is disabled/.test(message)
  );
}

/** No answer at all. */
export function isNetwork(error: unknown): boolean {
  if (error instanceof NoAnswerError) return true;
  const { message = '', code } = error as { message?: string; code?: unknown };
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|Name resolution failed|No connection established/.test(
    `${message} ${String(code)}`,
  );
}

/** Whoever else makes it at the same time may be first. */
export async function unlessExists(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    const code = codeOf(error);
    if (code !== grpc.alreadyExists && code !== http.conflict) throw error;
  }
}

/** What is read of a resource; undefined if there is no such resource. */
export async function orMissing<Metadata>(
  read: () => Promise<[Metadata, ...unknown[]]>,
): Promise<Metadata | undefined> {
  try {
    return (await read())[0];
  } catch (error) {
    if (isMissing(codeOf(error))) return undefined;
    throw error;
  }
}
