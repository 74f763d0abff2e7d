/** What is behind a `fetch failed`: ECONNREFUSED, UND_ERR_SOCKET, … */
export function causeOf(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  if (cause instanceof Error) return causeOf(cause);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
