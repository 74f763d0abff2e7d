import type { Problem } from '../../contract.ts';

/** What the server answered instead. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, { code, detail }: Problem) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

interface Hooks {
  csrf(): string;
  /** Resolves when there is a new session. */
  renew(): Promise<void>;
  /** Resolves when somebody has logged in again. */
  logIn(): Promise<void>;
}

let hooks: Hooks | undefined;

/** The session tells how to go on where a request meets its end. */
export function useSessionHooks(given: Hooks): void {
  hooks = given;
}

/** Calls the API. A form that meets an ended session waits for the login, and is sent again. */
export async function api<T>(
  path: string,
  init: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call<T>(path, init);
    } catch (error) {
      if (!(error instanceof ApiError) || !hooks || tries > 2) throw error;
      if (error.status === 401 && error.code === 'session') await hooks.logIn();
      else if (error.code === 'csrf') await hooks.renew();
      else throw error;
    }
  }
}

/** The same, once. */
export async function call<T>(
  path: string,
  { method = 'GET', body, signal }: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: {
        ...(method !== 'GET' && { 'x-csrf-token': hooks?.csrf() ?? '' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, { code: 'lost', detail: 'The subscriber does not answer.' });
  }
  if (answer.status === 204) return undefined as T;
  const isJson = answer.headers.get('content-type')?.includes('json');
  const read: unknown = isJson ? await answer.json() : undefined;
  if (answer.ok) return read as T;
  throw new ApiError(
    answer.status,
    (read as Problem | undefined) ?? {
      code: 'http',
      detail: `The console answered ${answer.status}.`,
    },
  );
}
