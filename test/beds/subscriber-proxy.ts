import { type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Hands a request on, as a proxy does. */
export function forward(target: string, from: IncomingMessage, to: ServerResponse): void {
  const { method, url, headers } = from;
  const onward = request(`${target}${url}`, { method, headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(to);
  });
  from.pipe(onward);
}
