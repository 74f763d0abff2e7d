import type { SessionInfo } from '../../contract.ts';
import { ApiError, call, useSessionHooks } from './api.ts';
import { Store } from './store.ts';

export type SessionState =
  | { kind: 'loading' }
  | { kind: 'lost' }
  | { kind: 'locked' }
  /** A page is open, and its session has ended: the form stays. */
  | { kind: 'expired'; info: SessionInfo }
  | { kind: 'open'; info: SessionInfo };

export const session = new Store<SessionState>({ kind: 'loading' });

const waiting: (() => void)[] = [];

useSessionHooks({
  csrf: () => ('info' in session.value ? session.value.info.csrf : ''),
  renew: loadSession,
  logIn() {
    const before = session.value;
    if (before.kind === 'open') session.set({ kind: 'expired', info: before.info });
    return new Promise((resolve) => waiting.push(resolve));
  },
});

/** Asks who we are. Called at first, after a login, and when the subscriber comes back. */
export async function loadSession(): Promise<void> {
  try {
    const info = await call<SessionInfo>('/session');
    session.set({ kind: 'open', info });
    for (const resolve of waiting.splice(0)) resolve();
  } catch (error) {
    const before = session.value;
    const isLocked = error instanceof ApiError && error.status === 401;
    if (isLocked && (before.kind === 'open' || before.kind === 'expired')) {
      session.set({ kind: 'expired', info: before.info });
    } else if (isLocked) session.set({ kind: 'locked' });
    else if (before.kind === 'loading' || before.kind === 'lost') session.set({ kind: 'lost' });
  }
}

/** @throws ApiError if the token is wrong, or tried too often */
export async function logIn(token: string): Promise<void> {
  await call('/login', { method: 'POST', body: { token } });
  await loadSession();
}

export async function logOut(): Promise<void> {
  await call('/logout', { method: 'POST' });
  session.set({ kind: 'locked' });
}
