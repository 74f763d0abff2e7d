import { describe, expect, it } from 'vitest';
import { readConsoleSettings } from '../../console/settings.ts';

const token = 'a-token-of-the-tests-0123';

describe('readConsoleSettings', () => {
  it('has no console without CONSOLE_PORT', () => {
    expect(readConsoleSettings({})).toBeUndefined();
    expect(readConsoleSettings({ CONSOLE_PORT: 'off', CONSOLE_HOST: '0.0.0.0' })).toBeUndefined();
  });

  it('is open on loopback, with everything allowed', () => {
    expect(readConsoleSettings({ CONSOLE_PORT: '8788' })).toEqual({
      host: '127.0.0.1',
      port: 8788,
      showsPayloads: true,
      allowsQueries: true,
      allowsReplays: true,
    });
  });

  it('needs a token where other machines can connect', () => {
    const open = { CONSOLE_PORT: '8788', CONSOLE_HOST: '0.0.0.0' };
    expect(() => readConsoleSettings(open)).toThrow(
      expect.objectContaining({ code: 'environment.invalid' }),
    );
    expect(readConsoleSettings({ ...open, CONSOLE_TOKEN: token })).toMatchObject({ token });
  });

  it('masked payloads switch queries off, because a query would show them', () => {
    const masked = readConsoleSettings({ CONSOLE_PORT: '1', CONSOLE_PAYLOADS: 'masked' });
    expect(masked).toMatchObject({ showsPayloads: false, allowsQueries: false });
  });

  it('names everything that is wrong, and no token', () => {
    const wrong = {
      CONSOLE_PORT: '99999',
      CONSOLE_HOST: 'example.com',
      CONSOLE_TOKEN: 'short-secret',
      CONSOLE_PAYLOADS: 'none',
      CONSOLE_QUERY: 'no',
      CONSOLE_REPLAY: '0',
    };
    let message = '';
    try {
      readConsoleSettings(wrong);
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
    expect(message).not.toContain('short-secret');
    const same = { CONSOLE_PORT: '1', CONSOLE_TOKEN: token, CONSOLE_READ_TOKEN: token };
    expect(() => readConsoleSettings(same)).toThrow('CONSOLE_READ_TOKEN must differ');
  });
});
