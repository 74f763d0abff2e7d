// gRPC and REST share a port. An HTTP/2 client with prior knowledge begins with "PRI" (RFC 9113,
// section 3.4), which is not an HTTP/1.1 method.

import { createServer, type Server, type Socket } from 'node:net';

const HTTP2_PREFACE = Buffer.from('PRI');

export interface Protocols {
  readonly http2: (socket: Socket) => void;
  readonly http1: (socket: Socket) => void;
}

export interface SharedPort {
  readonly server: Server;
  /** Ends connections that stay open after `server.close()`. */
  destroyAll(): void;
}

/** A TCP server that passes each connection to the protocol of its first bytes. */
export function createSharedPort(protocols: Protocols): SharedPort {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    dispatch(socket, protocols);
  });
  return {
    server,
    destroyAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function dispatch(socket: Socket, { http2, http1 }: Protocols): void {
  let head = Buffer.alloc(0);
  const onError = () => socket.destroy();
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    if (head.length < HTTP2_PREFACE.length) return;
    socket.off('error', onError);
    socket.off('data', onData);
    socket.pause();
    socket.unshift(head);
    if (head.subarray(0, HTTP2_PREFACE.length).equals(HTTP2_PREFACE)) {
      // An HTTP/2 session reads the unshifted bytes itself; a flowing socket would lose them.
      http2(socket);
    } else {
      http1(socket);
      socket.resume();
    }
  };
  socket.on('error', onError);
  socket.on('data', onData);
}

/** Resolves with the port; rejects with the system's error, such as EADDRINUSE. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
