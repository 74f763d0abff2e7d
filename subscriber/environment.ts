import { isIP } from 'node:net';
import type { Relay } from '../shared/config/config.ts';
import { secretPrefix } from '../shared/config/secrets.ts';
import { RelayError } from '../shared/errors.ts';
import { sources } from '../shared/sources/registry.ts';
import { readApiCredentials } from './exports/fetch/api-credentials.ts';
import type { ExportApi } from './exports/fetch/export-api.ts';

/** The subscriber's environment variables, checked. */
export interface Environment {
  /** `host:port` of a Storage Write server without TLS; Google's own by default. */
  storageEndpoint?: string;
  /** By the stream's name. */
  exportApis: ReadonlyMap<string, ExportApi>;
}

/** The idle timeout of a download, as in the vendor's own function. */
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

/** Where the subscriber answers health checks. */
export interface HealthAddress {
  /** An address of this machine; 0.0.0.0 or :: for all of them. */
  host: string;
  /** 0 takes a free port. */
  port: number;
}

/**
 * `HEALTH_PORT`, or `PORT` as hosts of containers set it; undefined when neither is set. Without `HEALTH_HOST`
 * only this machine can ask, because the answers name streams.
 *
 * @throws RelayError `environment.invalid`
 */
export function readHealthAddress(environment: NodeJS.ProcessEnv): HealthAddress | undefined {
  const text = environment['HEALTH_PORT'] || environment['PORT'];
  if (!text) return undefined;
  const invalid = (problem: string) => new RelayError('environment.invalid', problem);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid(`"${text}" is not a port for the health checks`);
  }
  const host = environment['HEALTH_HOST'] || '127.0.0.1';
  if (isIP(host) !== 0 || host === 'localhost') return { host, port };
  throw invalid(`HEALTH_HOST must be an address, such as 0.0.0.0 for all of this machine's`);
}

/** How long a stop may take. */
export interface StopTime {
  /** How long appends may still be answered, and dead letters stored. */
  graceMs: number;
  /** By then every message in flight is acked or nacked. */
  withinMs: number;
}

/** Cloud Run kills after 10 s, Kubernetes after 30. */
const defaultSeconds = 8.5;
/** Then Pub/Sub has this long to answer the last acks and nacks. */
const afterGraceMs = 1200;
const minSeconds = 2;
const maxSeconds = 600;

/**
 * A stop takes at most `STOP_WITHIN_SECONDS`; it must be less than the host allows between SIGTERM and SIGKILL.
 *
 * @throws RelayError `environment.invalid`
 */
export function readStopTime(environment: NodeJS.ProcessEnv): StopTime {
  const text = environment['STOP_WITHIN_SECONDS'];
  const seconds = Number(text || defaultSeconds);
  if (!(seconds >= minSeconds && seconds <= maxSeconds)) {
    const message = `STOP_WITHIN_SECONDS is "${text}", and may be ${minSeconds} to ${maxSeconds}`;
    throw new RelayError('environment.invalid', message);
  }
  return { graceMs: seconds * 1000 - afterGraceMs, withinMs: seconds * 1000 };
}
