import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import { connectBigQuery, connectPubsub } from '../../../local/google-clients.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { RelayError } from '../../../shared/errors.ts';
import { type BigQueryOptions, findStack } from '../../find/bigquery.ts';
import { type Credentials, findCredentials } from './credentials.ts';
import { type GoogleApis, type Origins, openGoogleApis } from './google-apis.ts';
import { codeOf, isMissing } from './google-errors.ts';

/** Where a command works: at Google, or on this machine's servers, which know neither accounts nor APIs. */
export interface GooglePlace {
  pubsub: PubSub;
  bigquery: BigQuery;
  google?: GoogleApis;
  /** For a person: which servers, or whose project and as whom. */
  title: string;
}

const emulators = ['PUBSUB_EMULATOR_HOST', 'BIGQUERY_EMULATOR_HOST'] as const;

/**
 * The local servers, where a stack runs here or `*_EMULATOR_HOST` names them; undefined where it is to be Google.
 *
 * @throws RelayError `bigquery.nowhere`, `provision.settings` where one of the two variables is set alone
 */
export function findLocalPlace(relay: Relay, place: BigQueryOptions): GooglePlace | undefined {
  const set = emulators.filter((name) => process.env[name]);
  if (set.length > 0) {
    const problem = emulatorProblem(set, place);
    if (problem !== undefined) throw new RelayError('provision.settings', problem);
    // Or Google's clients would look for a metadata server all the same.
    process.env['METADATA_SERVER_DETECTION'] ??= 'none';
    const hosts = emulators.map((name) => process.env[name]?.replace(/^https?:\/\//, ''));
    return {
      pubsub: new PubSub({ projectId: relay.project }),
      bigquery: new BigQuery({ projectId: relay.project, location: relay.location }),
      title: `the local servers at ${hosts.join(' and ')}`,
    };
  }
  const stack = findStack(place);
  if (!stack) return undefined;
  return {
    pubsub: connectPubsub(relay.project, stack.ports.pubsub),
    bigquery: connectBigQuery(relay.project, stack.ports.bigquery),
    title: `the local stack of ${place.state} (for Google: --on google)`,
  };
}

/** Half of a relay here and half of it at Google would be worse than none. */
function emulatorProblem(set: readonly string[], { on }: BigQueryOptions): string | undefined {
  if (on === 'google') return `${set.join(' and ')} must not be set with --on google`;
  const missing = emulators.filter((name) => !set.includes(name));
  if (missing.length === 0) return undefined;
  return `${set[0]} is set and ${missing[0]} is not: set both, or neither`;
}

/**
 * Google itself, once it has given a token and shown that it knows the project.
 *
 * @param problems what is missing besides, to be told at once
 * @throws RelayError `provision.settings`, `google.unreachable`, `google.project`
 */
export async function openGoogle(
  relay: Relay,
  problems: readonly string[],
  origins?: Origins,
): Promise<GooglePlace> {
  const credentials = await findCredentials(relay.project);
  const all = [...problems];
  if ('problem' in credentials && !credentials.isNetwork) {
    all.push(
      `${credentials.problem}: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to a key file`,
    );
  }
  if (all.length > 0) throw new RelayError('provision.settings', all.join('\n'));
  if ('problem' in credentials) {
    throw new RelayError('google.unreachable', credentials.problem);
  }
  const google = openGoogleApis(credentials.headers, origins);
  await requireProject(google, relay.project, credentials);
  return {
    google,
    pubsub: new PubSub({ projectId: relay.project }),
    bigquery: new BigQuery({ projectId: relay.project, location: relay.location }),
    title: `the Google project ${relay.project}${credentials.email ? ` as ${credentials.email}` : ''}`,
  };
}

const placeholder = /^(?:your-project(?:-id)?|my-project|project-id|example)$/;

/** Settings of the config that were never filled in. */
export function configProblems(relay: Relay): string[] {
  if (!placeholder.test(relay.project)) return [];
  return [
    `project is "${relay.project}": set it in tributary.config.ts to the id of your Google Cloud project (gcloud projects list)`,
  ];
}

/** Service Usage is on in every project, and answers 403 for one that does not exist, too. */
async function requireProject(
  google: GoogleApis,
  project: string,
  { email }: Credentials,
): Promise<void> {
  try {
    await google.call(
      'serviceUsage',
      'GET',
      `/v1/projects/${project}/services/pubsub.googleapis.com`,
    );
  } catch (cause) {
    const { message } = cause as Error;
    if (codeOf(cause) === 0) throw new RelayError('google.unreachable', message, { cause });
    const isRefused = isMissing(codeOf(cause)) || codeOf(cause) === 403;
    if (!isRefused) throw new RelayError('google.unreachable', message, { cause });
    throw new RelayError(
      'google.project',
      `the project ${project} does not exist, or ${email ?? 'the account that you are logged in with'} may not look at it (roles/serviceusage.serviceUsageConsumer): ${message.split('\n', 1)[0]}`,
      { cause },
    );
  }
}
