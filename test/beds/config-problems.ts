import { RelayError } from '../../shared/errors.ts';

/** What the check of a config reports; empty if nothing. */
export function problemsIn(define: () => unknown): string {
  try {
    define();
    return '';
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return error.message;
  }
}
