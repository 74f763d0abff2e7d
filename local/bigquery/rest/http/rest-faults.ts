// The faults of docs/faults.md that affect REST requests.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Faults } from '../../../faults/faults.ts';
import { type Reply, type Router, send } from './router.ts';

const DEFAULT_MS = 1000;
const NAMES = ['iam.denied', 'rest.status', 'rest.lost-answer', 'rest.delay', 'rest.hang'] as const;

/** Handles a request with the next matching fault. `on` is matched with `POST /path`, without the query. */
export async function handleWithFaults(
  faults: Faults,
  router: Router,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = message.url?.split('?')[0] ?? '';
  const fault = faults.take(NAMES, `${message.method} ${path}`);
  switch (fault?.name) {
    case 'iam.denied':
      await send(response, denial(path));
      message.resume();
      return;
    case 'rest.status':
      await send(response, { status: fault.status ?? 503, body: errorBody(fault.status ?? 503) });
      message.resume();
      return;
    case 'rest.lost-answer':
      await router.reply(message);
      message.socket.destroy();
      return;
    case 'rest.hang':
      message.resume();
      return;
    case 'rest.delay':
      await pause(fault.ms ?? DEFAULT_MS);
  }
  await router.handle(message, response);
}

/** Who asks for permissions may always ask. */
function denial(path: string): Reply {
  if (path.endsWith(':testIamPermissions')) return { body: {} };
  const message = `Access Denied: ${path}: the caller lacks a permission, as scripted`;
  const errors = [{ message, domain: 'global', reason: 'accessDenied' }];
  return {
    status: 403,
    body: { error: { code: 403, message, errors, status: 'PERMISSION_DENIED' } },
  };
}

/** The reasons of temporary errors: https://cloud.google.com/bigquery/docs/error-messages */
const REASONS: Readonly<Record<number, string>> = {
  401: 'authError',
  403: 'rateLimitExceeded',
  404: 'notFound',
  429: 'rateLimitExceeded',
  500: 'backendError',
  502: 'backendError',
  503: 'backendError',
};

function errorBody(status: number): object {
  const message = `${status}, as scripted`;
  const reason = REASONS[status] ?? 'invalid';
  return { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } };
}
