import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RequestCounter } from './request-counter.ts';

/** What went through a proxy. */
export interface Traffic {
  /** HTTP/1 requests, or messages of gRPC: a call, or one of the messages of a stream. */
  requests: number;
  bytesUp: number;
  bytesDown: number;
}

/** Passes TCP connections on to a port of this machine, in its own process, and counts. */
export interface CountingProxy {
  readonly port: number;
  /** Since the last call. */
  take(): Promise<Traffic>;
  stop(): Promise<void>;
}

export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  const child = fork(fileURLToPath(import.meta.url), [String(targetPort)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [port] = await once(child, 'message');
  return {
    port: port as number,
    async take() {
      const taken = once(child, 'message');
      child.send('take');
      return (await taken)[0] as Traffic;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function serve(targetPort: number): void {
  let traffic: Traffic = { requests: 0, bytesUp: 0, bytesDown: 0 };
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    const counter = new RequestCounter();
    client.on('data', (bytes: Buffer) => {
      traffic.bytesUp += bytes.byteLength;
      traffic.requests += counter.add(bytes);
    });
    target.on('data', (bytes: Buffer) => {
      traffic.bytesDown += bytes.byteLength;
    });
    join(client, target);
    join(target, client);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('message', () => {
    process.send?.(traffic);
    traffic = { requests: 0, bytesUp: 0, bytesDown: 0 };
  });
  process.once('disconnect', () => process.exit());
}

function join(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}

if (import.meta.main) serve(Number(process.argv[2]));
