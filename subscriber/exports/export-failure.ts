import { RelayError } from '../../shared/error.ts';

/** The export itself is bad, or will never be had: trying again can't help. */
export function refuse(code: string, reason: string, options?: ErrorOptions): RelayError {
  return new RelayError(`export.${code}`, 'invalid', reason, options);
}

/** Nothing is wrong with the export: it is to be tried again. */
export function postpone(code: string, reason: string, options?: ErrorOptions): RelayError {
  return new RelayError(`export.${code}`, 'transient', reason, options);
}

/** What is behind a `fetch failed`: ECONNREFUSED, UND_ERR_SOCKET, … */
export function causeOf(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  if (cause instanceof Error) return causeOf(cause);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
