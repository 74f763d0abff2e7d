import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../guards/loopback.ts';
import { type AllowedHosts, guardRequests } from '../guards/request-guard.ts';
import { sampleExport, zipFiles } from './sample-export.ts';

export interface AbsmartlyOptions {
  /** 0 selects any free port. */
  port: number;
  /** The key of the expected header `Authorization: Api-Key …`. */
  apiKey: string;
  /** Files in addition to the samples, by path: `/v1/experiments/exports/1/x.zip`. */
  files?: ReadonlyMap<string, Uint8Array>;
  allowHosts?: AllowedHosts;
}

export interface Absmartly {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * A stand-in for the part of ABsmartly's API that exports need: the ZIP of an export, and an experiment.
 * It listens on 127.0.0.1.
 *
 * @throws RelayError `port.taken`
 */
export async function startAbsmartly(options: AbsmartlyOptions): Promise<Absmartly> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, options).then(
      ({ status, type, body }) => reply(response, status, type, body),
      (error: Error) => reply(response, 500, 'text/plain', Buffer.from(error.message)),
    );
  };
  const server = createServer(guardRequests(listener, options.allowHosts));
  return await listenOnLoopback(server, options.port);
}

interface Answer {
  status: number;
  type: string;
  body: Buffer;
}

async function answer(request: IncomingMessage, options: AbsmartlyOptions): Promise<Answer> {
  if (request.method !== 'GET') return json(405, { errors: ['Method Not Allowed'] });
  if (request.headers.authorization !== `Api-Key ${options.apiKey}`) {
    return json(401, { errors: ['Unauthorized'] });
  }
  const path = request.url ?? '/';
  const file = options.files?.get(path) ?? (await sampleZip(path));
  if (file) return { status: 200, type: 'application/zip', body: Buffer.from(file) };
  const experiment = /^\/v1\/experiments\/(\d{1,9})$/.exec(path);
  if (experiment) return json(200, { experiment: sampleExperiment(Number(experiment[1])) });
  return json(404, { errors: ['Not Found'] });
}

async function sampleZip(path: string): Promise<Buffer | undefined> {
  const ids = /^\/v1\/experiments\/exports\/(\d{1,9})\/experiment_(\d{1,9})_export\.zip$/.exec(
    path,
  );
  return ids ? await zipFiles(sampleExport(Number(ids[1]), Number(ids[2])).files) : undefined;
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

function reply(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.byteLength });
  response.end(body);
}

/** The answer to `GET /v1/experiments/{id}`, as far as the vendor documents it. */
interface Experiment {
  id: number;
  name: string;
  experiment_tags: { experiment_tag: { tag: string } }[];
  owners: { user: { email: string } }[];
  teams: { team: { name: string } }[];
}

/** The same id always gives the same experiment. Experiments with an even id have the tag `bigquery`. */
function sampleExperiment(id: number): Experiment {
  const tags = id % 2 === 0 ? ['checkout', 'bigquery'] : ['checkout'];
  return {
    id,
    name: `Checkout button, take ${id}`,
    experiment_tags: tags.map((tag) => ({ experiment_tag: { tag } })),
    owners: [{ user: { email: id % 3 === 0 ? 'owner@shop.example' : 'analyst@shop.example' } }],
    teams: [{ team: { name: id % 5 === 0 ? 'Growth' : 'Checkout' } }],
  };
}
