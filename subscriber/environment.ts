import { isIP } from 'node:net';
import type { Relay } from '../shared/config/config.ts';
import { secretPrefix } from '../shared/config/secrets.ts';
import { RelayError } from '../shared/errors.ts';
import { sources } from '../shared/sources/registry.ts';
import { readApiCredentials } from './exports/fetch/api-credentials.ts';
import type { ExportApi } from './exports/fetch/export-api.ts';

/** What the subscriber reads from its environment, checked. */
export interface Environment {
  /** `host:port` of a Storage Write server without TLS; Google's own when absent. */
  storageEndpoint?: string;
  /** By the stream's name. */
  exportApis: ReadonlyMap<string, ExportApi>;
}

/** As in the vendor's function: an export may be silent for so long before it is given up. */
const downloadTimeoutMs = 300_000;

/**
 * Pub/Sub's and BigQuery's clients read `PUBSUB_EMULATOR_HOST` and `BIGQUERY_EMULATOR_HOST` by themselves.
 *
 * @throws RelayError `environment.invalid`, naming everything that is missing
 */
export function readEnvironment(environment: NodeJS.ProcessEnv, relay: Relay): Environment {
  const problems: string[] = [];
  const exportApis = new Map<string, ExportApi>();
  for (const stream of relay.streams.values()) {
    if (sources[stream.source].delivers !== 'exports') continue;
    // What lies in a bucket is read with the credentials of Google's, or AWS's, own client.
    if (stream.storage && !stream.exportFilter) continue;
    const configured = {
      name: stream.name,
      url: stream.apiUrl,
      keyIsFor: `the exports of "${stream.name}" are fetched with it`,
      noUrl: `${secretPrefix(stream.name)}_API_URL is not set, and the stream has no apiUrl`,
    };
    const credentials = readApiCredentials(environment, configured, problems);
    if (credentials)
      exportApis.set(stream.name, { ...credentials, idleTimeoutMs: downloadTimeoutMs });
  }
  if (problems.length > 0) {
    throw new RelayError('environment.invalid', problems.join('\n'));
  }
  const storageEndpoint = environment['BIGQUERY_STORAGE_EMULATOR_HOST'];
  return { exportApis, ...(storageEndpoint && { storageEndpoint }) };
}

/** Where the subscriber tells of its health. */
export interface HealthAddress {
  /** An address of this machine, or 0.0.0.0 and :: for all of them. */
  host: string;
  /** 0 takes a free one. */
  port: number;
}

/**
 * `HEALTH_PORT`, or `PORT` as hosts of containers set it; none when neither is set. On `HEALTH_HOST`, and
 * without it on this machine alone: who is not told to ask learns nothing of the streams.
 *
 * @throws RelayError `environment.invalid`
 */
export function readHealthAddress(environment: NodeJS.ProcessEnv): HealthAddress | undefined {
  const text = environment['HEALTH_PORT'] || environment['PORT'];
  if (!text) return undefined;
  const invalid = (problem: string) => new RelayError('environment.invalid', problem);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid(`"${text}" is no port for the health checks`);
  }
  const host = environment['HEALTH_HOST'] || '127.0.0.1';
  if (isIP(host) !== 0 || host === 'localhost') return { host, port };
  throw invalid(`HEALTH_HOST must be an address, such as 0.0.0.0 for all of this machine's`);
}
