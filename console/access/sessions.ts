import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ConsoleSettings } from '../settings.ts';

/** An operator may replay and send samples; a reader only looks. */
export type Role = 'operator' | 'reader';

export interface Session {
  role: Role;
  /** Unix milliseconds; absent where no token is needed. */
  endsAt?: number;
  /** What a page must show in `x-csrf-token` with each change. */
  csrf: string;
}

const sessionMs = 12 * 3_600_000;
export const sessionCookie = 'tributary_session';

/**
 * Exchanges a token for a session. A session is a signed text in a cookie, so a restart of the subscriber, or another
 * replica, does not end it; another token does.
 */
export class Sessions {
  readonly #tokens: readonly (readonly [Role, string])[];
  readonly #key: Buffer;
  readonly #clock: () => number;
  /** Sessions that were ended by their user, until they would have ended anyway. */
  readonly #ended = new Map<string, number>();

  constructor(
    { token, readToken }: Pick<ConsoleSettings, 'token' | 'readToken'>,
    clock = Date.now,
  ) {
    const tokens: [Role, string][] = [];
    if (token) tokens.push(['operator', token]);
    if (readToken) tokens.push(['reader', readToken]);
    this.#tokens = tokens;
    this.#clock = clock;
    // Without a token the key is a new one at each start: a page fetches its CSRF token again.
    this.#key =
      tokens.length === 0
        ? randomBytes(32)
        : hash(`tributary console session\n${tokens.map(([, text]) => text).join('\n')}`);
  }

  /** Whether a token is needed. */
  get isLocked(): boolean {
    return this.#tokens.length > 0;
  }

  /** The role that the token gives; undefined if it is wrong. Takes the same time for each wrong one. */
  roleOf(token: string): Role | undefined {
    let found: Role | undefined;
    for (const [role, text] of this.#tokens) {
      if (timingSafeEqual(hash(text), hash(token))) found ??= role;
    }
    return found;
  }

  /** The value of a new session's cookie, and when it ends. */
  begin(role: Role): { cookie: string; maxAgeSeconds: number } {
    const endsAt = this.#clock() + sessionMs;
    const claim = `${role}.${endsAt}.${randomBytes(12).toString('base64url')}`;
    return {
      cookie: `${claim}.${this.#sign(`session\n${claim}`)}`,
      maxAgeSeconds: sessionMs / 1000,
    };
  }

  /** The session of a cookie; undefined if it is forged, or has ended. */
  read(cookie: string | undefined): Session | undefined {
    if (!this.isLocked) return { role: 'operator', csrf: this.#sign('csrf\nopen') };
    const [, claim = '', signature = ''] = /^(.*)\.([\w-]+)$/s.exec(cookie ?? '') ?? [];
    if (!isEqual(signature, this.#sign(`session\n${claim}`))) return undefined;
    const [role, ends] = claim.split('.');
    const endsAt = Number(ends);
    if (!(endsAt > this.#clock()) || this.#ended.has(claim)) return undefined;
    return { role: role === 'operator' ? 'operator' : 'reader', endsAt, csrf: this.#csrfOf(claim) };
  }

  end(cookie: string | undefined): void {
    const session = this.read(cookie);
    const now = this.#clock();
    for (const [claim, endsAt] of this.#ended) if (endsAt <= now) this.#ended.delete(claim);
    if (session?.endsAt) this.#ended.set((cookie ?? '').replace(/\.[\w-]+$/, ''), session.endsAt);
  }

  isCsrf(session: Session, token: string | undefined): boolean {
    return token !== undefined && isEqual(token, session.csrf);
  }

  #csrfOf(claim: string): string {
    return this.#sign(`csrf\n${claim}`);
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(hash(a), hash(b));
}
