import { describe, expect, it } from 'vitest';
import { FailedTries } from '../../console/access/failed-tries.ts';
import { isLoopbackHost, isSameOrigin, mayRead } from '../../console/access/hosts.ts';
import { Sessions } from '../../console/access/sessions.ts';

const token = 'a-token-of-the-tests-0123';
const readToken = 'a-read-token-of-the-tests';

function headers(all: Record<string, string>) {
  return (name: string) => all[name];
}

describe('hosts and origins', () => {
  it.each([
    'localhost',
    'localhost:8788',
    '127.0.0.1:8788',
    '127.8.4.2',
    '[::1]:8788',
    'LOCALHOST:1',
  ])('%s is this machine', (host) => expect(isLoopbackHost(host)).toBe(true));

  it.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '10.0.0.1',
    '[::2]',
    'localhost:8788/x',
  ])('%s may be another name of it', (host) => expect(isLoopbackHost(host)).toBe(false));

  it('a change comes from a page of the console', () => {
    const host = '127.0.0.1:8788';
    expect(isSameOrigin(headers({ host, origin: `http://${host}` }))).toBe(true);
    expect(isSameOrigin(headers({ host, 'sec-fetch-site': 'same-origin' }))).toBe(true);
    expect(isSameOrigin(headers({ host }))).toBe(false);
    expect(isSameOrigin(headers({ host, origin: 'null' }))).toBe(false);
    expect(isSameOrigin(headers({ host, origin: 'http://127.0.0.1:9999' }))).toBe(false);
    expect(
      isSameOrigin(headers({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-site' })),
    ).toBe(false);
  });

  it('another page reads nothing in the background, and may link to the console', () => {
    expect(mayRead(headers({}))).toBe(true);
    expect(mayRead(headers({ 'sec-fetch-site': 'none' }))).toBe(true);
    expect(
      mayRead(
        headers({
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'no-cors',
          'sec-fetch-dest': 'script',
        }),
      ),
    ).toBe(false);
    expect(
      mayRead(
        headers({
          'sec-fetch-site': 'same-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'iframe',
        }),
      ),
    ).toBe(false);
    expect(
      mayRead(
        headers({
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
        }),
      ),
    ).toBe(true);
  });
});

describe('sessions', () => {
  it('a token gives its role', () => {
    const sessions = new Sessions({ token, readToken });
    expect(sessions.roleOf(token)).toBe('operator');
    expect(sessions.roleOf(readToken)).toBe('reader');
    for (const wrong of ['', 'x', `${token} `, token.slice(1)])
      expect(sessions.roleOf(wrong)).toBeUndefined();
  });

  it('a session holds over a restart, and ends by itself', () => {
    let now = 1_000_000;
    const begin = () => new Sessions({ token, readToken }, () => now);
    const { cookie, maxAgeSeconds } = begin().begin('reader');
    expect(begin().read(cookie)).toMatchObject({ role: 'reader' });
    now += maxAgeSeconds * 1000;
    expect(begin().read(cookie)).toBeUndefined();
  });

  it('another token, or a change of the cookie, ends it', () => {
    const { cookie } = new Sessions({ token }).begin('reader');
    expect(new Sessions({ token: `${token}-2` }).read(cookie)).toBeUndefined();
    const sessions = new Sessions({ token });
    expect(sessions.read(cookie.replace('reader', 'operator'))).toBeUndefined();
    for (const forged of ['', '.', 'operator.9999999999999.x.y', cookie.slice(0, -1)]) {
      expect(sessions.read(forged)).toBeUndefined();
    }
    expect(sessions.read(undefined)).toBeUndefined();
  });

  it('who logs out is out, and the others stay', () => {
    const sessions = new Sessions({ token });
    const [mine, other] = [sessions.begin('operator').cookie, sessions.begin('operator').cookie];
    sessions.end(mine);
    expect(sessions.read(mine)).toBeUndefined();
    expect(sessions.read(other)).toBeDefined();
  });

  it('each session has a CSRF token of its own', () => {
    const sessions = new Sessions({ token });
    const [a, b] = ['operator', 'operator'].map((role) =>
      sessions.read(sessions.begin(role as 'operator').cookie),
    );
    expect(a && b && a.csrf !== b.csrf).toBe(true);
    expect(a && sessions.isCsrf(a, a.csrf)).toBe(true);
    expect(a && b && sessions.isCsrf(a, b.csrf)).toBe(false);
    expect(a && sessions.isCsrf(a, undefined)).toBe(false);
  });

  it('without a token everybody here is an operator', () => {
    const sessions = new Sessions({});
    expect(sessions.isLocked).toBe(false);
    expect(sessions.read(undefined)).toMatchObject({ role: 'operator' });
  });
});

describe('failed tries', () => {
  it('limits an address, and all addresses together', () => {
    let now = 0;
    const limits = { perAddress: 2, all: 3, windowMs: 1000 };
    const tries = new FailedTries({ limits, clock: () => now });
    tries.add('a');
    expect(tries.waitMs('a')).toBe(0);
    now = 400;
    tries.add('a');
    expect(tries.waitMs('a')).toBe(600);
    expect(tries.waitMs('b')).toBe(0);
    tries.add('b');
    expect(tries.waitMs('c')).toBe(600);
    now = 1000;
    expect([tries.waitMs('a'), tries.waitMs('c')]).toEqual([0, 0]);
  });
});
