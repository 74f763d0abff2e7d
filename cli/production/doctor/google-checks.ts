import { RelayError } from '../../../shared/errors.ts';
import { planApi } from '../google/account-plans.ts';
import { desiredResources } from '../plan/resources.ts';
import { word } from '../plan/shell-word.ts';
import { type Check, ok, type Remedy, skipped, sumUp, type Trouble } from './check.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import { type Clients, openClients } from './place.ts';

export const credentialsCheck: Check = {
  id: 'credentials',
  title: 'credentials, project',
  needs: ['place'],
  // Missing credentials are reported within 3 s; the rest is for the project.
  withinMs: 10_000,
  async run(examination) {
    const place = placeOf(examination);
    if (place.isLocal) return skipped('the local servers ask for none');
    try {
      const { title, ...clients } = await openClients(relayOf(examination), examination.origins);
      place.clients = clients;
      return ok(title);
    } catch (error) {
      const isMissing = error instanceof RelayError && error.code === 'provision.settings';
      if (!isMissing) throw error;
      return sumUp(error.message.split('\n').map(missingSetting), '');
    }
  },
  access: (examination) => grantYourself('roles/serviceusage.serviceUsageViewer', examination),
};

const login = 'gcloud auth application-default login';

/** A line of `provision.settings`: what is missing, a colon, and what to do. */
function missingSetting(line: string): Trouble {
  const [, problem = line, remedy] = /^(.*?): (.*)$/.exec(line) ?? [];
  if (!line.includes(login)) return { state: 'failed', problem, remedy };
  return {
    state: 'failed',
    problem,
    remedy: 'Log in, or set GOOGLE_APPLICATION_CREDENTIALS to a key file:',
    command: login,
  };
}

export const apisCheck: Check = {
  id: 'apis',
  title: 'APIs enabled',
  needs: ['credentials'],
  withinMs: 10_000,
  async run(examination) {
    if (placeOf(examination).isLocal) return skipped('there are none to enable on this machine');
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
  },
  access: (examination) => grantYourself('roles/serviceusage.serviceUsageViewer', examination),
};

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
