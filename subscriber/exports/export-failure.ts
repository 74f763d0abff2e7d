import { RelayError } from '../../shared/error.ts';

/** The export itself is bad, or can never be fetched: a retry can't help. */
export function permanentFailure(code: string, reason: string, options?: ErrorOptions): RelayError {
  return new RelayError(`export.${code}`, 'invalid', reason, options);
}

/** The export may be good: it is tried again. */
export function transientFailure(code: string, reason: string, options?: ErrorOptions): RelayError {
  return new RelayError(`export.${code}`, 'transient', reason, options);
}

/** What is behind a `fetch failed`: ECONNREFUSED, UND_ERR_SOCKET, … */
export function describeCause(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  if (cause instanceof Error) return describeCause(cause);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
