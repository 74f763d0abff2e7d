import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import type { Relay } from '../../../shared/config/config.ts';
import { type BigQueryOptions, findStack } from '../../find/bigquery.ts';
import { type GoogleApis, googleOrigins, openGoogleApis } from '../google/google-apis.ts';
import { findLocalPlace } from '../google/google-place.ts';

/** Where the relay is: at Google, or on this machine's servers. */
export interface Place {
  /** For a person. */
  title: string;
  isLocal: boolean;
  /** Where the three APIs answer. */
  origins: { pubsub: string; bigquery: string; storageWrite: string };
  /** `host:port` of a Storage Write server without TLS. */
  storageEndpoint?: string | undefined;
  /** The edge of the local stack. */
  edge?: string | undefined;
  /** Absent until the credentials were found. */
  clients?: Clients;
}

export interface Clients {
  pubsub: PubSub;
  bigquery: BigQuery;
  /** What has no client of its own, such as permissions. */
  apis: GoogleApis;
}

/**
 * The local servers that `--on` or the environment names, or Google's, to which nothing is sent yet.
 *
 * @throws RelayError `bigquery.nowhere`, `provision.settings`
 */
export function findPlace(relay: Relay, options: BigQueryOptions): Place {
  const local = findLocalPlace(relay, options);
  if (!local) {
    return {
      title: `the Google project ${relay.project}`,
      isLocal: false,
      origins: {
        pubsub: googleOrigins.pubsub,
        bigquery: googleOrigins.bigquery,
        storageWrite: 'https://bigquerystorage.googleapis.com',
      },
    };
  }
  const { pubsub, bigquery, title } = local;
  const { storageEndpoint, edge, ...origins } = localAddresses(options);
  // The local servers ask for no credentials.
  const apis = openGoogleApis(async () => new Headers(), { ...googleOrigins, ...origins });
  return {
    title,
    isLocal: true,
    origins: { ...origins, storageWrite: `http://${storageEndpoint}` },
    storageEndpoint,
    edge,
    clients: { pubsub, bigquery, apis },
  };
}

interface LocalAddresses {
  pubsub: string;
  bigquery: string;
  storageEndpoint: string;
  edge?: string;
}

/** As the subscriber reads them, or of the stack that runs here. */
function localAddresses(options: BigQueryOptions): LocalAddresses {
  const { env } = process;
  const pubsub = env['PUBSUB_EMULATOR_HOST'];
  const bigquery = env['BIGQUERY_EMULATOR_HOST'];
  if (pubsub && bigquery) {
    return {
      pubsub: originOf(pubsub),
      bigquery: originOf(bigquery),
      storageEndpoint: env['BIGQUERY_STORAGE_EMULATOR_HOST'] ?? '',
    };
  }
  const ports = findStack(options)?.ports;
  return {
    pubsub: `http://127.0.0.1:${ports?.pubsub}`,
    bigquery: `http://127.0.0.1:${ports?.bigquery}`,
    storageEndpoint: `127.0.0.1:${ports?.bigqueryGrpc}`,
    edge: `http://127.0.0.1:${ports?.edge}`,
  };
}

function originOf(host: string): string {
  return host.includes('://') ? host : `http://${host}`;
}
