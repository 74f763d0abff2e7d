import { isIP } from 'node:net';
import { RelayError } from '../shared/errors.ts';

/** Where the console answers, and what it lets people do. */
export interface ConsoleSettings {
  /** An address of this machine; 0.0.0.0 or :: for all of them. */
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Whoever has it may do everything. Without a token the console is open, on loopback only. */
  token?: string;
  /** Whoever has it may look, and change nothing. */
  readToken?: string;
  /** Whether bodies and rows are shown. */
  showsPayloads: boolean;
  /** Whether SQL may be run. Never where payloads are masked: a query would show them. */
  allowsQueries: boolean;
  allowsReplays: boolean;
}

const minTokenLength = 16;

/**
 * Reads `CONSOLE_PORT` and what belongs to it.
 *
 * @returns undefined without `CONSOLE_PORT`: then there is no console
 * @throws RelayError `environment.invalid`, naming everything that is wrong
 */
export function readConsoleSettings(environment: NodeJS.ProcessEnv): ConsoleSettings | undefined {
  const text = environment['CONSOLE_PORT'];
  if (!text || text === 'off') return undefined;
  const problems: string[] = [];
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    problems.push(`CONSOLE_PORT is "${text}", and may be a port, or off`);
  }
  const host = environment['CONSOLE_HOST'] || '127.0.0.1';
  if (isIP(host) === 0 && host !== 'localhost') {
    problems.push(`CONSOLE_HOST must be an address, such as 0.0.0.0 for all of this machine's`);
  }
  const token = environment['CONSOLE_TOKEN'];
  const readToken = environment['CONSOLE_READ_TOKEN'];
  problems.push(...tokenProblems({ CONSOLE_TOKEN: token, CONSOLE_READ_TOKEN: readToken }));
  if (token && token === readToken) {
    problems.push('CONSOLE_READ_TOKEN must differ from CONSOLE_TOKEN: it gives fewer rights');
  }
  if (!token && !readToken && !isLoopback(host)) {
    problems.push(
      `CONSOLE_HOST ${host} can be reached from other machines, so CONSOLE_TOKEN must be set; or leave CONSOLE_HOST out`,
    );
  }
  const showsPayloads = isOn('CONSOLE_PAYLOADS', ['shown', 'masked'], environment, problems);
  const allowsQueries = isOn('CONSOLE_QUERY', ['on', 'off'], environment, problems);
  const allowsReplays = isOn('CONSOLE_REPLAY', ['on', 'off'], environment, problems);
  if (problems.length > 0) throw new RelayError('environment.invalid', problems.join('\n'));
  return {
    host,
    port,
    ...(token && { token }),
    ...(readToken && { readToken }),
    showsPayloads,
    allowsQueries: allowsQueries && showsPayloads,
    allowsReplays,
  };
}

/** Whether only programs of this machine can connect to the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

function tokenProblems(tokens: Record<string, string | undefined>): string[] {
  return Object.entries(tokens).flatMap(([name, value]) =>
    value && value.length < minTokenLength
      ? `${name} must have at least ${minTokenLength} characters: openssl rand -hex 24`
      : [],
  );
}

/** @param words the first is the default, and means yes */
function isOn(
  name: string,
  [yes, no]: readonly [string, string],
  environment: NodeJS.ProcessEnv,
  problems: string[],
): boolean {
  const text = environment[name] || yes;
  if (text !== yes && text !== no)
    problems.push(`${name} is "${text}", and may be ${yes} or ${no}`);
  return text !== no;
}
