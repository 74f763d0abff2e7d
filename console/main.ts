// The console: a web page that answers whether everything arrives, served by the subscriber.
// In: the relay, the clients and the state of the subscriber. Out: HTTP on CONSOLE_PORT.
// Here only the port is opened. The first request loads the rest: begin with app.ts.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConsoleApp } from './app.ts';
import type { ConsoleParts } from './context.ts';

export interface Console {
  /** Undefined while the port is taken. */
  readonly port: number | undefined;
  stop(): void;
}

/** After a restart the subscriber that stops may still have the port. */
const retryMs = 250;
const warnAfterMs = 5000;

/**
 * Serves the console. If its port is taken, a warning says so and the relay runs on; the console is served as soon as
 * the port is free.
 */
export async function startConsole(parts: ConsoleParts): Promise<Console> {
  const { settings, log } = parts;
  let app: Promise<ConsoleApp> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let port: number | undefined;
  const openApp = async () => {
    const { openApp } = await import('./app.ts');
    return await openApp(parts);
  };
  const server = createServer((request, response) => {
    app ??= openApp();
    app.then(
      ({ handle }) => handle(request, response),
      (error: Error) => {
        app = undefined;
        answerBroken(response, error);
      },
    );
  });
  server.headersTimeout = 10_000;
  const begunAt = Date.now();
  let isWarned = false;
  const tryToListen = async (): Promise<void> => {
    try {
      port = await listen(server, settings.host, settings.port);
      log({ severity: 'INFO', message: 'the console is served', host: settings.host, port });
    } catch (error) {
      const problem = problemOf(error as NodeJS.ErrnoException, parts);
      if (!isWarned && (Date.now() - begunAt >= warnAfterMs || !problem.mayPass)) {
        isWarned = true;
        log({ severity: 'WARNING', message: problem.text });
      }
      if (problem.mayPass) timer = setTimeout(() => void tryToListen(), retryMs);
      timer?.unref();
    }
  };
  await tryToListen();
  return {
    get port() {
      return port;
    },
    stop() {
      clearTimeout(timer);
      void app?.then(({ stop }) => stop()).catch(() => {});
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await once(server.listen(port, host), 'listening');
  return (server.address() as AddressInfo).port;
}

function problemOf({ code, message }: NodeJS.ErrnoException, { settings }: ConsoleParts) {
  const { host, port } = settings;
  if (code === 'EADDRINUSE') {
    const text = `the console is not served yet: port ${port} is taken. Stop what listens there, or set CONSOLE_PORT to another port. The relay runs on`;
    return { text, mayPass: true };
  }
  const text =
    code === 'EADDRNOTAVAIL'
      ? `the console is not served: CONSOLE_HOST ${host} is not an address of this machine. The relay runs on`
      : `the console is not served: ${message}. The relay runs on`;
  return { text, mayPass: false };
}

function answerBroken(response: ServerResponse, error: Error): void {
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`The console could not be loaded: ${error.message}\n`);
}
