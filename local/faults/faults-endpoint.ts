import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Fault, FaultError, Faults } from './faults.ts';

/** `true` enables faults over HTTP, with none at first. Without the option there are no faults. */
export type FaultsOption = Faults | true | undefined;

export function openFaults(option: FaultsOption): Faults | undefined {
  return option === true ? new Faults() : option;
}

/**
 * Handles /__faults: POST adds one fault or a list, GET lists all faults, DELETE removes them. Returns false
 * for other requests, and if faults are not enabled.
 */
export async function answerFaults(
  faults: Faults | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!faults || request.url !== '/__faults') return false;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  try {
    if (request.method === 'POST') faults.add(...readFaults(Buffer.concat(chunks).toString()));
    if (request.method === 'DELETE') faults.clear();
    send(response, 200, { faults: faults.list() });
  } catch (error) {
    if (!(error instanceof FaultError || error instanceof SyntaxError)) throw error;
    send(response, 400, { error: error.message });
  }
  return true;
}

function readFaults(text: string): Fault[] {
  const json: unknown = JSON.parse(text);
  const list = Array.isArray(json) ? json : [json];
  if (list.some((item) => typeof item !== 'object' || item === null)) {
    throw new FaultError('a fault is an object with a name');
  }
  return list;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
