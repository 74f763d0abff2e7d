import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { RelayError } from '../shared/errors.ts';

/** An answer that names what is wrong, as RFC 9457 has it. */
export function problem(
  context: Context,
  status: ContentfulStatusCode,
  code: string,
  detail: string,
): Response {
  return context.json({ code, detail }, status, { 'content-type': 'application/problem+json' });
}

/** What went wrong in a core module, in words. It holds no stack. */
export function problemOf(error: unknown): { code: string; detail: string } {
  if (error instanceof RelayError) return { code: error.code, detail: error.message };
  const { message, code } = error as Error & { code?: unknown };
  const isDown = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ECONNRESET';
  return {
    code: isDown ? 'google.unreachable' : 'unexpected',
    detail: isDown ? `BigQuery or Pub/Sub does not answer (${message})` : message,
  };
}
