import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import type { Relay } from '../../../shared/config/config.ts';
import { planApi } from '../google/account-plans.ts';
import { type CredentialsProblem, findCredentials } from '../google/credentials.ts';
import { openGoogleApis } from '../google/google-apis.ts';
import { codeOf, isForbidden, isMissing } from '../google/google-errors.ts';
import { configProblems } from '../google/google-place.ts';
import { desiredResources } from '../plan/resources.ts';
import { word } from '../plan/shell-word.ts';
import { type Check, ok, type Remedy, skipped, sumUp, type Trouble, warning } from './check.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import type { Clients } from './place.ts';

/** What is missing is reported within 3 seconds, and all at once. */
export const credentialsCheck: Check = {
  id: 'credentials',
  title: 'credentials',
  needs: ['place'],
  withinMs: 3000,
  async run(examination) {
    const place = placeOf(examination);
    if (place.isLocal) return skipped('the local servers ask for none');
    const relay = relayOf(examination);
    const { project, location } = relay;
    const credentials = await findCredentials(project);
    const missing = 'problem' in credentials ? [missingCredentials(credentials)] : [];
    const troubles = [...settingTroubles(relay), ...missing];
    if (troubles.length > 0 || 'problem' in credentials) return sumUp(troubles, '');
    place.clients = {
      pubsub: new PubSub({ projectId: project }),
      bigquery: new BigQuery({ projectId: project, location }),
      apis: openGoogleApis(credentials.headers, examination.origins),
    };
    return ok(credentials.email ?? 'of a person');
  },
};

function settingTroubles(relay: Relay): Trouble[] {
  return configProblems(relay).map((line) => {
    const [problem = line, remedy] = line.split(/: (.*)/);
    return { state: 'failed', problem, remedy };
  });
}

function missingCredentials({ problem, isNetwork }: CredentialsProblem): Trouble {
  if (isNetwork) {
    return { state: 'failed', problem, remedy: 'Check the network, the firewall and the proxy.' };
  }
  return {
    state: 'failed',
    problem,
    remedy: 'Log in, or set GOOGLE_APPLICATION_CREDENTIALS to a key file:',
    command: 'gcloud auth application-default login',
  };
}

export const projectCheck: Check = {
  id: 'project',
  title: 'project, APIs enabled',
  needs: ['credentials'],
  withinMs: 10_000,
  async run(examination) {
    if (placeOf(examination).isLocal) return skipped('there are none to enable on this machine');
    const { project } = relayOf(examination);
    try {
      return await findApis(examination);
    } catch (error) {
      if (!isForbidden(error) && !isMissing(codeOf(error))) throw error;
      // The subscriber's own account may not look at them, and need not: the checks below tell what matters.
      return warning(`the project ${project} does not exist, or you may not look at it`, {
        remedy: `Compare project of the config with this list, or ask for ${viewer}:`,
        command: 'gcloud projects list',
      });
    }
  },
};

const viewer = 'roles/serviceusage.serviceUsageViewer';

async function findApis(examination: Examination) {
  const relay = relayOf(examination);
  const { apis } = clientsOf(examination);
  const resources = desiredResources(relay, { queues: [], buckets: [] }).filter(
    (resource) => resource.kind === 'api',
  );
  const troubles = await Promise.all(
    resources.map(async (api): Promise<Trouble> => {
      const { state } = await planApi(apis, api, relay.project);
      if (state === 'same') return undefined;
      return {
        state: 'failed',
        problem: `${api.name} is not enabled`,
        command: `gcloud services enable ${api.name} --project=${word(relay.project)}`,
      };
    }),
  );
  return sumUp(troubles, `${resources.length} in ${relay.project}`);
}

/** Google's clients, for a check that needs them. */
export function clientsOf(examination: Examination): Clients {
  const { clients } = placeOf(examination);
  if (!clients) throw new TypeError('the check needs credentials');
  return clients;
}

/** What lets a person look at a resource. */
export function grantYourself(role: string, { relay }: Examination): Remedy {
  return {
    remedy: `Ask for ${role}:`,
    command: `gcloud projects add-iam-policy-binding ${word(relay?.project ?? '')} --member=user:YOU@EXAMPLE.COM --role=${role}`,
  };
}
